#pragma once

#include <ATen/core/Tensor.h>

#include "oasis/core/token_grid.h"
#include "oasis/nn/routed_attention.h"

// Attention of every query to the tokens at most (window - 1) / 2 frames, rows and columns away
// (eq. 6, 7). Shapes as in `routed_attention`; `window` must have been checked. Memory grows with
// the number of tokens, never with its square.

namespace oasis::nn {

/// Differentiable once; a second derivative throws `oasis::Error`.
at::Tensor window_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const TokenGrid& grid, const AttentionWindow& window);

struct WindowAttentionResult {
  at::Tensor out;  ///< `[B, N, heads, D]` in the dtype of q
  at::Tensor lse;  ///< `[B, heads, N]` log of the sum of exp(scaled logit) over the query's own
                   ///< keys; fp32, or double for double
};

struct WindowAttentionGradients {
  at::Tensor dq, dk, dv;  ///< `[B, N, heads, D]` in the dtype of q
};

/// Whether the two functions below have kernels for the device and data type of `q`.
bool has_window_kernels(const at::Tensor& q);

/// Without a record for autograd. The result does not depend on the number of threads.
WindowAttentionResult window_attention_forward(const at::Tensor& q, const at::Tensor& k,
                                               const at::Tensor& v, const TokenGrid& grid,
                                               const AttentionWindow& window);

/// The gradients for `grad` of `out`. Every query gathers from its keys and every key from its
/// queries (a window that is cut, not shifted, is symmetric), so nothing is added up in an order
/// that could vary.
WindowAttentionGradients window_attention_backward(const at::Tensor& grad, const at::Tensor& q,
                                                   const at::Tensor& k, const at::Tensor& v,
                                                   const WindowAttentionResult& forward,
                                                   const TokenGrid& grid,
                                                   const AttentionWindow& window);

/// The same in the framework's own operations, for devices without kernels, and differentiable by
/// them. Queries are taken in blocks of one frame; each block attends, under a mask, to the box of
/// keys that its windows cover.
at::Tensor masked_window_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                   const TokenGrid& grid, const AttentionWindow& window);

}  // namespace oasis::nn
