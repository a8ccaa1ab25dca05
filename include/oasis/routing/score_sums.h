#pragma once

#include <ATen/core/Tensor.h>

#include "oasis/core/token_grid.h"
#include "oasis/nn/routed_attention.h"

namespace oasis::routing {

/// What the scores depend on beside queries and keys.
struct ScoreOptions {
  nn::AttentionWindow window;
  /// Floor of `Score::forward_floor`; far below 1 / number of tokens, above 0 and below 1.
  double eps = 1e-8;
};

/// Throws `oasis::Error` (usage) for an even window or an eps outside (0, 1).
void check_score_options(const ScoreOptions& options);

/// All scores of every head, summed over the queries: `[B, heads, scores, patterns]` in float64 on
/// the CPU. q and k `[B, N, heads, D]` as they enter the softmax (after norm and RoPE), N =
/// grid.count() in (frame, row, column) order; logits are q·k / sqrt(D).
///
/// One pass over the keys; memory for a few megabytes of logits, never N². On the CPU everything is
/// in double, and sums are formed in an order that depends on neither the batch nor the threads. On
/// a device logits and cells are in float32.
at::Tensor score_sums(const at::Tensor& q, const at::Tensor& k, const TokenGrid& grid,
                      const ScoreOptions& options);

/// The statistics of `Cell` for every query on the device of q: `[B, heads, N, cells, 3]` (max, z,
/// u) in float32 (float64 if q is). Plain tensor operations on blocks of queries: the path of
/// devices without a kernel of their own, and the kernel's test partner.
at::Tensor cell_table(const at::Tensor& q, const at::Tensor& k, const TokenGrid& grid,
                      const nn::AttentionWindow& window);

/// What `score_sums` makes of such a table. Whoever fills it (a kernel), 12 numbers per query,
/// needs nothing else from here.
at::Tensor sum_cell_table(const at::Tensor& cells, double eps);

}  // namespace oasis::routing
