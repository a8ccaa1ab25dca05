#pragma once

#include <ATen/core/Tensor.h>

#include "oasis/core/token_grid.h"
#include "oasis/nn/routed_attention.h"

namespace oasis::nn {

/// Attention of every query to the tokens at most (window - 1) / 2 frames, rows and columns away
/// (eq. 6, 7). Shapes as in `routed_attention`. Queries are taken in blocks of one frame; each
/// block attends, under a mask, to the box of keys that its windows cover, so memory grows with
/// the number of tokens and not with its square. `window` must have been checked.
at::Tensor window_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const TokenGrid& grid, const AttentionWindow& window);

}  // namespace oasis::nn
