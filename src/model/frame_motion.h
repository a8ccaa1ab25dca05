#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace oasis::model {

/// How the content of a clip moves from frame to frame: DIS flow (`flow::DisFlow`) of its smoothed
/// luma. Where moving explains the picture no better than staying does, the flow is 0: noise and
/// the traces of codecs move flow in scenes that stand still. Runs on the CPU, whatever the clip's
/// device, and gives its results there.
class FrameMotion {
 public:
  /// clip `[3, T, H, W]` in [-1, 1]. `reach`, at least 1: the farthest frame that is asked for.
  /// Frames with a side below 12 pixels count as still: there is nothing to follow. Throws
  /// `oasis::Error` (usage) in a build without OpenCV (`OASIS_WITH_MEDIA`).
  FrameMotion(const at::Tensor& clip, std::int64_t reach);

  /// For each t the flow of frame t to frame `to[t]`, at most `reach` away: `[T, 2, H, W]`,
  /// channels (dx, dy) in pixels, float32. That to farther frames is put together from step to
  /// step.
  at::Tensor flows(const std::vector<std::int64_t>& to) const;

  /// Of each frame to the one before; 0 for the first.
  const at::Tensor& to_the_frame_before() const { return earlier_.front(); }

 private:
  std::vector<at::Tensor> later_;  // [k - 1]: of frame t to t + k, [T, 2, H, W], 0 where none is
  std::vector<at::Tensor> earlier_;
};

}  // namespace oasis::model
