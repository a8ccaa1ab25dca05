#pragma once

#include <ATen/core/Tensor.h>

namespace oasis::data {

/// How a sample is mirrored and turned, HQ and LQ alike: all eight together are the symmetries of
/// a square.
struct Orientation {
  bool left_right = false;  ///< mirrored
  bool top_bottom = false;  ///< mirrored
  bool transposed = false;  ///< rows become columns, after the mirrors; for square clips
};

/// A clip `[..., H, W]` of any type, so laid; not always contiguous, and a view where nothing is
/// mirrored.
at::Tensor orient(const at::Tensor& clip, const Orientation& orientation);

}  // namespace oasis::data
