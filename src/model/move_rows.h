#pragma once

#include <ATen/core/Tensor.h>

namespace oasis::model {

/// Whether `move_rows` takes such frames: on the CPU, Float or BFloat16.
bool can_move_rows(const at::Tensor& frames);

/// `flow::warp` (bilinear, the border repeated) of features, written in place: target(x, y) =
/// source(x + dx, y + dy). source and target `[N, C, H, W]`, the channels of a pixel side by side
/// (channels last; the pixels of target may lie farther apart); motion `[N, 2, H, W]`, float32,
/// contiguous. All channels of a pixel have the same four neighbours, so their places and weights
/// are worked out once. float32 arithmetic. Not differentiable.
void move_rows(const at::Tensor& source, const at::Tensor& motion, const at::Tensor& target);

}  // namespace oasis::model
