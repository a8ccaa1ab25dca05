#pragma once

#include <ATen/core/Tensor.h>

namespace oasis::nn {

/// softmax(q kᵀ / sqrt(D)) v of q `[B, N, heads, D]` with k and v `[B, M, heads, D]`, each with any
/// strides; result `[B, N, heads, D]`. Memory grows with the number of tokens, never with its
/// square. Who computes it:
/// - on CUDA `dense_attention_cuda`;
/// - on a CPU with AVX2 or AVX-512 in float (D a multiple of 8), with AVX512-BF16 in bfloat16, by
///   AMX where there is AMX (D a multiple of 16, sums and softmax in float), with gradients off
///   (`at::NoGradGuard`) and outside of `recompute`: kernels whose results do not depend on the
///   number of threads;
/// - `at::scaled_dot_product_attention` in all other cases.
at::Tensor dense_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

}  // namespace oasis::nn
