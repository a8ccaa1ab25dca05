#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "oasis/infer/chunk_plan.h"

namespace oasis::infer {

/// Joins upscaled chunks to one stream of frames: the frames two chunks share are cross-faded with
/// `fade_in_weight`. Holds no more than the overlap between calls.
class ChunkBlender {
 public:
  /// `overlap`: as in the settings the chunks were planned with.
  explicit ChunkBlender(std::int64_t overlap) : overlap_(overlap) {}

  /// `frames` `[3, chunk.count, H, W]`, float32: the chunk without its padding; may be written to.
  /// Returns the frames that are final now, in order, as tensors `[3, n, H, W]`.
  std::vector<at::Tensor> push(const Chunk& chunk, at::Tensor frames);

  /// The frames still held, final as they are.
  std::vector<at::Tensor> finish();

 private:
  std::int64_t overlap_;
  at::Tensor tail_;  ///< last frames of the chunk before, undefined if none
};

}  // namespace oasis::infer
