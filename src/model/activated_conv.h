#pragma once

#include <ATen/core/Tensor.h>

namespace oasis::model {

/// A convolution with stride 1 and half its kernel's side as padding: frames `[N, C, H, W]`, weight
/// `[O, C, k, k]`, bias `[O]` or undefined.
at::Tensor conv_same(const at::Tensor& frames, const at::Tensor& weight,
                     const at::Tensor& bias = {});

/// ReLU in place, or with a slope below 0 where there is one.
at::Tensor& activate(at::Tensor& x, double negative_slope);

/// `activate(conv_same(...))`. Outside of training, on x86 in float32 and, with AVX-512, in
/// bfloat16, oneDNN does both in one pass: the activation sees the sums before they are rounded.
at::Tensor activated_conv(const at::Tensor& frames, const at::Tensor& weight,
                          const at::Tensor& bias, double negative_slope);

}  // namespace oasis::model
