#pragma once

#include <ATen/core/Tensor.h>

namespace oasis::nn {

/// x + gate * y in the dtype of x, `[..., channels]`; `gate` `[channels]` in that dtype. Where no
/// gradient is recorded x itself is changed; contiguous CUDA tensors then take one kernel.
at::Tensor add_gated(at::Tensor x, const at::Tensor& y, const at::Tensor& gate);

}  // namespace oasis::nn
