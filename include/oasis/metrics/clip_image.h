#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "oasis/checkpoint/state_dict.h"

namespace oasis::metrics {

/// The shape of CLIP's convolutional image tower; the defaults are RN50's.
struct ClipImageConfig {
  std::int64_t width = 64;                            ///< channels after the stem
  std::array<std::int64_t, 4> layers = {3, 4, 6, 3};  ///< blocks per stage
  std::int64_t heads = 32;                            ///< of the attention pooling
  std::int64_t embed_dim = 1024;                      ///< of the result
};

/// CLIP's `ModifiedResNet` (openai/CLIP `clip/model.py`), frozen and in float32, without the
/// positional embedding of its pooling, so that pictures of any size can be read.
class ClipImage {
 public:
  /// Parameters are allocated without values: `load` them.
  explicit ClipImage(const ClipImageConfig& config, const c10::TensorOptions& options = {});
  ~ClipImage();

  /// `visual.*` of the official file; `attnpool.positional_embedding` and `num_batches_tracked` are
  /// not read. Strict; errors begin with `what`.
  void load(const checkpoint::StateDict& weights, const std::string& what);

  /// picture `[N, 3, H, W]`, RGB in [0, 1], at least 32 pixels a side -> features `[N, embed_dim]`,
  /// not normalised. Throws `oasis::Error` for smaller pictures.
  at::Tensor forward(const at::Tensor& picture) const;

 private:
  struct Network;
  std::unique_ptr<Network> network_;
};

}  // namespace oasis::metrics
