#pragma once

#include "oasis/core/token_grid.h"
#include "oasis/nn/routed_attention.h"

namespace oasis::nn {

/// The pairs of a query and a key that a head of `kind` forms on `grid`: N^2, N * rows * cols, or
/// the neighbours within the window that lie in the grid. `window` must have been checked. One
/// head's QK and AV are 2 * D multiply-adds, 4 * D FLOP, per pair.
double attention_pairs(HeadKind kind, const TokenGrid& grid, const AttentionWindow& window);

}  // namespace oasis::nn
