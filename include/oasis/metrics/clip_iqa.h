#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <string>

#include "oasis/checkpoint/state_dict.h"
#include "oasis/metrics/clip_image.h"

namespace oasis::metrics {

/// CLIP-IQA (Wang et al., AAAI 2023) with given text features: how much more a picture resembles
/// the first prompt of each pair than the second. 5 pairs as IQA-PyTorch `clipiqa_arch.py`, which
/// the VSR papers report, or the single pair of the original.
class ClipIqa {
 public:
  /// A picture's features and score.
  struct Result {
    at::Tensor image_features;  ///< [N, embed_dim], not normalised
    at::Tensor score;           ///< [N] in [0, 1], higher is better
  };

  /// `pairs`: 5, or 1 for the original's "Good photo." against "Bad photo.".
  explicit ClipIqa(const ClipImageConfig& config = {}, std::int64_t pairs = 5,
                   const c10::TensorOptions& options = {});

  /// `visual.*`, `clipiqa.text_features` `[2 * pairs, embed_dim]` (normalised; the positive prompt
  /// first in each pair) and `clipiqa.logit_scale_exp` `[1]`. With one pair
  /// `clipiqa.text_features_single` is taken if the file has it. Strict; errors begin with `what`.
  void load(const checkpoint::StateDict& weights, const std::string& what);

  /// picture `[N, 3, H, W]`, RGB in [0, 1], float32, at its own size.
  Result forward(const at::Tensor& picture) const;

 private:
  ClipImage tower_;
  at::Tensor text_;
  at::Tensor scale_;
};

}  // namespace oasis::metrics
