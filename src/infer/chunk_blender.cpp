#include "oasis/infer/chunk_blender.h"

#include <algorithm>

#include "oasis/infer/blend.h"

namespace oasis::infer {

std::vector<at::Tensor> ChunkBlender::push(const Chunk& chunk, at::Tensor frames) {
  std::vector<at::Tensor> ready;
  if (chunk.overlap == 0) {
    ready = finish();
  } else {
    for (std::int64_t i = 0; i < chunk.overlap; ++i) {
      const double weight = fade_in_weight(i, chunk.overlap);
      // a + w (b - a): exact where both agree.
      frames.select(1, i).sub_(tail_.select(1, i)).mul_(weight).add_(tail_.select(1, i));
    }
  }
  const std::int64_t held = std::min(overlap_, chunk.count);
  if (chunk.count > held) ready.push_back(frames.narrow(1, 0, chunk.count - held));
  tail_ = held > 0 ? frames.narrow(1, chunk.count - held, held).clone() : at::Tensor();
  return ready;
}

std::vector<at::Tensor> ChunkBlender::finish() {
  std::vector<at::Tensor> ready;
  if (tail_.defined()) ready.push_back(tail_);
  tail_ = at::Tensor();
  return ready;
}

}  // namespace oasis::infer
