#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/element.h"

/// What every call of a kernel on tensors needs.
namespace oasis::nn {

/// Throws `oasis::Error` for a dtype that kernels do not know.
kernels::Element kernel_element(at::ScalarType dtype);

/// The current stream of the tensor's device.
kernels::Stream kernel_stream(const at::Tensor& x);

/// The values as contiguous float32 on the same device: what kernels take as weights.
at::Tensor kernel_weights(const at::Tensor& x);

}  // namespace oasis::nn
