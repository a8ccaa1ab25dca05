#pragma once

#include <cstdint>

#include "oasis/model/model_folder.h"

namespace oasis::model {

/// The extent of an LQ clip.
struct ClipExtent {
  std::int64_t frames = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// Upper estimate of the bytes an OASIS model of this shape holds at its fullest for one clip, the
/// result included, weights and LQ frames not. It is the largest of the transformer's part (tensors
/// of all tokens that are alive together; attention keeps no matrix of tokens x tokens) and the
/// decoder's (its widest level for one step, and the frames that are done). `element` is the bytes
/// of a value in the model's precision, `latents_per_step` the latent frames that the decoder takes
/// at once.
std::int64_t clip_peak_bytes(const ModelDescription& about, std::int64_t element,
                             std::int64_t latents_per_step, const ClipExtent& clip);

}  // namespace oasis::model
