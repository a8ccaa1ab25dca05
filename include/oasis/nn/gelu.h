#pragma once

#include <ATen/core/Tensor.h>

namespace oasis::nn {

/// GELU in the tanh form of Wan2.1. Where no gradient is recorded x itself is changed; contiguous
/// CUDA tensors then take a kernel that reads and writes 16 bytes at a time.
at::Tensor gelu_tanh(at::Tensor x);

}  // namespace oasis::nn
