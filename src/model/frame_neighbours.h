#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "model/frame_motion.h"

namespace oasis::model {

/// A condition of several frames to a position, `[B, C*k, n, H, W]`, as frames in a row:
/// `[B, C, n*k, H, W]`.
at::Tensor frames_in_a_row(const at::Tensor& condition, std::int64_t frames);

/// Frames `[B, C, T, H, W]`, each beside the `reach` frames before it and behind it, mirrored at
/// the ends: `[B, C*(2*reach + 1), T, H, W]`, the earliest first. With `motions`, one per clip, the
/// neighbours are moved onto the frame, by bicubic interpolation.
at::Tensor frames_with_neighbours(const at::Tensor& frames, std::int64_t reach,
                                  const std::vector<FrameMotion>& motions = {});

}  // namespace oasis::model
