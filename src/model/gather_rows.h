#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace oasis::model {

/// The gradient of features that lie beside those before them (`beside_the_frame_before`):
/// gradient `[B*T, 2C, H, W]`, motion `[B*T, 2, H, W]` or undefined (not moved), result
/// `[B*T, C, H, W]`: of each frame its own half, and by the same shares what the frame behind it
/// took. Channels last, float32 arithmetic, one rounding.
at::Tensor gather_rows(const at::Tensor& gradient, std::int64_t batch, const at::Tensor& motion);

}  // namespace oasis::model
