#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "oasis/core/token_grid.h"
#include "oasis/nn/routed_attention.h"

// The definition of routed attention, for tests and for small grids only: everything here takes
// memory and time by the square of the number of tokens.

namespace oasis::nn {

/// The keys (second axis) that each query (first axis) of a head sees: `[N, N]` bool on the CPU.
at::Tensor visible_keys(HeadKind kind, const TokenGrid& grid, const AttentionWindow& window);

struct ReferenceAttention {
  at::Tensor out;  ///< `[B, N, heads, D]`, double
  at::Tensor lse;  ///< `[B, heads, N]`, double: log of the sum of exp(scaled logit) over own keys
};

/// The dense masked softmax in double, differentiable. Arguments as for `routed_attention`.
ReferenceAttention reference_attention(const at::Tensor& q, const at::Tensor& k,
                                       const at::Tensor& v, const TokenGrid& grid,
                                       const std::vector<HeadKind>& kinds,
                                       const AttentionWindow& window);

}  // namespace oasis::nn
