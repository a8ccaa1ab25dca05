#pragma once

#include <ATen/core/Tensor.h>

namespace oasis::flow {

/// What a sample outside the picture sees.
enum class WarpPadding {
  border,  ///< the nearest pixel (Resample2d of the E_warp scripts)
  zeros,   ///< 0
};

/// How a sample between pixels is made.
enum class WarpFilter {
  bilinear,  ///< what losses and E_warp use
  bicubic,   ///< a = -0.75, as torch has it: keeps more of fine detail
};

/// Backward warping: `result(x, y) = source(x + dx, y + dy)`, `align_corners` true.
/// source `[N, C, H, W]`, flow `[N, 2, H, W]` with channels (dx, dy) in pixels on the grid of the
/// result, pointing into the source: to warp S towards T, give the flow from T to S. Differentiable
/// with respect to both. Throws `oasis::Error` where the shapes disagree.
at::Tensor warp(const at::Tensor& source, const at::Tensor& flow, WarpPadding padding,
                WarpFilter filter = WarpFilter::bilinear);

}  // namespace oasis::flow
