#pragma once

#include <ATen/core/Tensor.h>

#include "oasis/core/token_grid.h"
#include "oasis/nn/routed_attention.h"

namespace oasis::nn {

/// The routing statistics of every query by one CUDA kernel, only in builds with CUDA: for each of
/// the four cells of keys (same frame and in the window; same frame only; in the window only;
/// neither) the largest logit m, the sum of e^(s - m) and the sum of e^(s - m) (s - m), float32,
/// `[B, heads, N, 4, 3]`; -inf, 0, 0 for a cell without keys. q and k are CUDA tensors
/// `[B, N, heads, D]` of 32 or 16 bits, D at most 256, last stride 1 (others are copied); logits
/// are q·k / sqrt(D) in float32. Tensor cores serve 16-bit heads of 64 or 128.
/// Throws `oasis::Error` where shapes, dtype or window do not fit.
at::Tensor routing_cells(const at::Tensor& q, const at::Tensor& k, const TokenGrid& grid,
                         const AttentionWindow& window);

}  // namespace oasis::nn
