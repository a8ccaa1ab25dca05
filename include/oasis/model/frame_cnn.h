#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace oasis::model {

/// Shape of a `FrameCnn`.
struct FrameCnnConfig {
  std::int64_t width = 64;  ///< channels of every layer
  std::int64_t blocks = 6;  ///< residual blocks of two convolutions
};

/// A plain residual network that sees one LQ frame at a time: the baseline that shows what the rest
/// of OASIS is worth at equal cost. Convolutions at the size of the LQ frame without normalisation,
/// as in EDSR (Lim et al. 2017, "Enhanced Deep Residual Networks for Single Image
/// Super-Resolution"); the last one makes 4 x 4 pixels of each.
class FrameCnn {
 public:
  /// Throws `oasis::Error` (usage) for a width or a number of blocks below 1.
  FrameCnn(const FrameCnnConfig& config, c10::TensorOptions options);
  ~FrameCnn();
  FrameCnn(FrameCnn&&) noexcept;

  /// lq `[B, 3, F, h, w]` in [-1, 1] -> what is to be added to bicubic x4, `[B, 3, F, 4h, 4w]`.
  /// Differentiable with respect to the parameters. `frames_at_once` bounds the memory.
  at::Tensor forward(const at::Tensor& lq, std::int64_t frames_at_once) const;

  /// "first.weight", "blocks.0.0.weight", ..., "head.bias".
  const std::vector<std::pair<std::string, at::Tensor>>& parameters() const;

 private:
  struct Network;
  std::unique_ptr<Network> network_;
};

}  // namespace oasis::model
