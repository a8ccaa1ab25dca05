#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "oasis/infer/tile_plan.h"

namespace oasis::infer {

/// What size is wanted; at most one of them. None: 4 times the source.
struct SizeRequest {
  std::optional<double> scale;             ///< times the source
  std::optional<Size> size;                ///< exactly this
  std::optional<std::int64_t> short_side;  ///< the shorter side, the other in proportion
};

/// The size of the result. Both sides are even, as 4:2:0 video needs: a scaled side is rounded to
/// the nearest even number. Throws `oasis::Error` (usage) for an odd side that was asked for, more
/// than one request, a size below 2 or above 32768, or a scale that is not positive.
Size output_size(Size source, const SizeRequest& request);

/// frames `[3, n, H, W]` -> `[3, n, size.height, size.width]`: bicubic (a = -0.5) with
/// antialiasing, as ATen has it. The same tensor if the size is right already.
at::Tensor resize_frames(const at::Tensor& frames, Size size);

}  // namespace oasis::infer
