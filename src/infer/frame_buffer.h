#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>

#include "oasis/infer/chunk_plan.h"
#include "oasis/media/frame.h"

namespace oasis::infer {

/// The frames that chunks still to come may need, and the times of those not yet written.
class FrameBuffer {
 public:
  struct Times {
    std::int64_t pts = 0;
    std::int64_t duration = 0;
  };

  /// Throws `oasis::Error` (unreadable_input) if the size is not that of the first frame.
  void push(media::Frame frame);

  /// `[3, chunk.count, h, w]`, a copy. All frames of the chunk must be there.
  at::Tensor clip(const Chunk& chunk) const;

  /// Frames before `frame` are no longer needed.
  void drop_before(std::int64_t frame);

  /// Times of the next frame to write.
  Times take_times();

 private:
  std::deque<media::Frame> frames_;
  std::deque<Times> times_;
  std::int64_t first_ = 0;  ///< index of `frames_.front()`
  int width_ = 0;
  int height_ = 0;
};

/// `[3, h, w]` float32 on the CPU -> a frame, clamped to [0, 1].
media::Frame to_frame(const at::Tensor& picture, const FrameBuffer::Times& times);

}  // namespace oasis::infer
