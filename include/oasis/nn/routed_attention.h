#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "oasis/core/token_grid.h"

namespace oasis::nn {

/// The keys that the queries of one head see (OASIS, section 2 of the method).
enum class HeadKind {
  global,  ///< all tokens
  intra,   ///< all tokens of the query's frame (eq. 5)
  window,  ///< the tokens around the query in time and space (eq. 6, 7)
};

/// "global", "intra" or "window", as head maps spell it.
std::string to_string(HeadKind kind);

/// The inverse of `to_string`; anything else throws `oasis::Error`.
HeadKind head_kind_from(const std::string& name);

/// The extent of a window in tokens: odd numbers, the query in the middle. At the border of the
/// grid a window is cut, never shifted.
struct AttentionWindow {
  std::int64_t frames = 3;
  std::int64_t rows = 5;
  std::int64_t cols = 5;
};

/// Throws `oasis::Error` (usage) unless every extent is odd and positive.
void check_window(const AttentionWindow& window);

/// Self-attention with one kind per head: softmax(q kᵀ / sqrt(D)) v over the keys of the head's
/// kind. q, k, v `[B, N, heads, D]` with last stride 1, N = grid.count() in (frame, row, column)
/// order; the result is `[B, N, heads, D]` in their dtype. Neighbouring heads of one kind are
/// computed together on views. Differentiable. Throws `oasis::Error` where the shapes, the number
/// of kinds or the window do not fit.
at::Tensor routed_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const TokenGrid& grid, const std::vector<HeadKind>& kinds,
                            const AttentionWindow& window);

}  // namespace oasis::nn
