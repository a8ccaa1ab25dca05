#pragma once

#include "oasis/nn/window_attention.h"

// Window attention by the CUDA kernels (kernels/window_attention.h): tensor cores where they take
// the call, the plain kernels otherwise. Built only with OASIS_WITH_CUDA. Callers use
// `window_attention`, which comes here for CUDA tensors.

namespace oasis::nn::window_cuda {

/// Whether the kernels take tensors like q: on a CUDA device, float32, float16 or bfloat16, head
/// dim at most 256.
bool supports(const at::Tensor& q);

/// As `window_attention_forward`.
WindowAttentionResult forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                              const TokenGrid& grid, const AttentionWindow& window);

/// Writes the result into `out`, `[B, N, heads, D]` with last stride 1: a slice of heads of a
/// larger tensor, say. Keeps no lse.
void forward_into(const at::Tensor& out, const at::Tensor& q, const at::Tensor& k,
                  const at::Tensor& v, const TokenGrid& grid, const AttentionWindow& window);

/// As `window_attention_backward`; the same bits every time.
WindowAttentionGradients backward(const at::Tensor& grad, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v, const WindowAttentionResult& forward,
                                  const TokenGrid& grid, const AttentionWindow& window);

}  // namespace oasis::nn::window_cuda
