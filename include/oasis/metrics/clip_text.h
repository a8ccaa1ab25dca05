#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <memory>
#include <string>

#include "oasis/checkpoint/state_dict.h"

namespace oasis::metrics {

/// The shape of CLIP's text tower; the defaults are RN50's.
struct ClipTextConfig {
  std::int64_t width = 512;
  std::int64_t heads = 8;
  std::int64_t layers = 12;
  std::int64_t context_length = 77;
  std::int64_t vocab_size = 49408;
  std::int64_t embed_dim = 1024;
};

/// CLIP's text transformer (openai/CLIP `clip/model.py`), frozen and in float32. It makes the
/// constant features of CLIP-IQA's prompts; no metric runs it.
class ClipText {
 public:
  /// Parameters are allocated without values: `load` them.
  explicit ClipText(const ClipTextConfig& config, const c10::TensorOptions& options = {});
  ~ClipText();

  /// Strict, official names; errors begin with `what`.
  void load(const checkpoint::StateDict& weights, const std::string& what);

  /// tokens `[n, context_length]` int64: start, words, end, zeros; the end token has the highest
  /// number -> features `[n, embed_dim]` at the end token, not normalised. Throws `oasis::Error`
  /// for another length.
  at::Tensor forward(const at::Tensor& tokens) const;

 private:
  struct Network;
  std::unique_ptr<Network> network_;
};

}  // namespace oasis::metrics
