#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace oasis::model {

// How the light decoder's frames `[B*T, C, H, W]` (T fastest) come together: on the CPU, in float32
// and bfloat16, written in one pass as the convolutions behind them read them, channels last.

/// x_t and behind its channels x_{t-1}: `[B*T, 2C, H, W]`. `memory` `[B, 1, C, H, W]` is the frame
/// before the first (zeros if undefined) and becomes the last of them. `motion` `[B*T, 2, H, W]`,
/// where defined, is the flow of each frame to the one before, which is then moved by it as
/// `flow::warp` does (bilinear, the border repeated). Differentiable once; motion is not.
at::Tensor beside_the_frame_before(const at::Tensor& frames, std::int64_t batch, at::Tensor& memory,
                                   const at::Tensor& motion = {});

/// `[N, s*C, H, W]` -> `[N*s, C, H, W]`; channels [0, C) are the earlier frame. With a record for
/// autograd it keeps the plain order.
at::Tensor one_behind_another(const at::Tensor& frames, std::int64_t times);

}  // namespace oasis::model
