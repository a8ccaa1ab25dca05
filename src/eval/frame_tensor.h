#pragma once

#include <ATen/core/Tensor.h>

#include "oasis/media/frame.h"
#include "oasis/media/video_info.h"

namespace oasis::eval {

/// How a source's frames become what metrics see.
struct FrameForm {
  bool bytes = true;  ///< rounded to 8 bits; else float32 in [0, 1]
  /// The source was decoded as BT.709 for want of a tag, and BT.601 is meant.
  bool bt709_to_bt601 = false;
};

/// 8-bit sources are rounded to 8 bits, deeper ones are not. `take_bt601`: for files without a
/// matrix.
FrameForm frame_form(const media::VideoInfo& info, bool take_bt601);

/// `[3, H, W]`, RGB, uint8 or float32 in [0, 1], clamped.
at::Tensor frame_tensor(const media::Frame& frame, const FrameForm& form);

/// float32 in [0, 1] of frames of either form.
at::Tensor unit_range(const at::Tensor& frames);

/// A frame of either form resized to `height` x `width`: bicubic (a = -0.75) where it grows, the
/// mean of the covered pixels where it shrinks.
at::Tensor resize_frame(const at::Tensor& frame, std::int64_t height, std::int64_t width);

}  // namespace oasis::eval
