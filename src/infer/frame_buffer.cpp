#include "frame_buffer.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "oasis/core/error.h"

namespace oasis::infer {

void FrameBuffer::push(media::Frame frame) {
  if (width_ == 0) {
    width_ = frame.width;
    height_ = frame.height;
  }
  if (frame.width != width_ || frame.height != height_) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("the picture size changes from {}x{} to {}x{} within the input: split "
                            "it there and upscale the parts",
                            width_, height_, frame.width, frame.height));
  }
  times_.push_back({frame.pts, frame.duration});
  frames_.push_back(std::move(frame));
}

at::Tensor FrameBuffer::clip(const Chunk& chunk) const {
  at::Tensor clip = at::empty({3, chunk.count, height_, width_}, at::kFloat);
  for (std::int64_t i = 0; i < chunk.count; ++i) {
    const media::Frame& frame = frames_[static_cast<size_t>(chunk.first - first_ + i)];
    // from_blob takes a pointer to non-const; it is only read.
    auto* data = const_cast<float*>(frame.rgb.data());
    clip.select(1, i).copy_(at::from_blob(data, {3, height_, width_}, at::kFloat));
  }
  return clip;
}

void FrameBuffer::drop_before(std::int64_t frame) {
  while (first_ < frame && !frames_.empty()) {
    frames_.pop_front();
    ++first_;
  }
}

FrameBuffer::Times FrameBuffer::take_times() {
  const Times times = times_.front();
  times_.pop_front();
  return times;
}

media::Frame to_frame(const at::Tensor& picture, const FrameBuffer::Times& times) {
  const at::Tensor clamped = picture.clamp(0.0, 1.0).contiguous();
  media::Frame frame;
  frame.resize(static_cast<int>(picture.size(2)), static_cast<int>(picture.size(1)));
  std::copy_n(clamped.const_data_ptr<float>(), clamped.numel(), frame.rgb.data());
  frame.pts = times.pts;
  frame.duration = times.duration;
  return frame;
}

}  // namespace oasis::infer
