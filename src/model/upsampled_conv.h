#pragma once

#include <ATen/core/Tensor.h>

namespace oasis::model {

/// Nearest x2 and then a 3x3 convolution with padding 1: frames `[N, C, H, W]` -> `[N, O, 2H, 2W]`,
/// weight `[O, C, 3, 3]`. Differentiable.
at::Tensor upsampled_conv(const at::Tensor& frames, const at::Tensor& weight,
                          const at::Tensor& bias);

/// The same without the enlarged input and with 4/9 of the products. Of the nine taps, those that
/// fall on one small pixel are added beforehand: each of the four pixels that come from one is a
/// 2x2 convolution of the small frame. The sums of weights are made in float32 and rounded to the
/// dtype of `weight`. On the CPU, not differentiable.
at::Tensor upsampled_conv_folded(const at::Tensor& frames, const at::Tensor& weight,
                                 const at::Tensor& bias);

}  // namespace oasis::model
