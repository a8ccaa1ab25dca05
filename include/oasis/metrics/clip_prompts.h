#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "oasis/checkpoint/state_dict.h"

namespace oasis::metrics {

/// A prompt and its words as CLIP's tokenizer numbers them, without start and end.
struct ClipPrompt {
  std::string text;
  std::vector<std::int64_t> words;
};

/// The prompts of CLIP-IQA, the positive one first in each pair: the 5 pairs of IQA-PyTorch
/// (`clipiqa_arch.py`), or the single pair of the original.
const std::vector<ClipPrompt>& clip_iqa_prompts(bool single_pair);

/// Start, words, end, zeros: `[prompts, 77]` int64.
at::Tensor clip_tokens(const std::vector<ClipPrompt>& prompts);

/// From the state dict of CLIP's RN50 what `ClipIqa` loads: `visual.*` and the constants
/// `clipiqa.text_features` `[10, 1024]`, `clipiqa.text_features_single` `[2, 1024]` (both
/// normalised) and `clipiqa.logit_scale_exp` `[1]`, all in float32. Convolutions, linear layers and
/// projections are rounded through float16, as in the released file. Throws `oasis::Error` that
/// begins with `what` if the file is not that network.
checkpoint::StateDict clip_iqa_weights(const checkpoint::StateDict& clip, const std::string& what);

}  // namespace oasis::metrics
