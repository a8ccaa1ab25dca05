#include "oasis/nn/reference_attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>

#include <cmath>
#include <limits>

namespace oasis::nn {
namespace {

/// Whether positions `at` `[N]` of one axis are at most window / 2 apart: `[N, N]`.
at::Tensor near(const at::Tensor& at, std::int64_t window) {
  return (at.unsqueeze(1) - at.unsqueeze(0)).abs().le(window / 2);
}

}  // namespace

at::Tensor visible_keys(HeadKind kind, const TokenGrid& grid, const AttentionWindow& window) {
  const auto token = at::arange(grid.count(), at::kLong);
  const auto frame = token.floor_divide(grid.per_frame());
  if (kind == HeadKind::global) return at::ones({grid.count(), grid.count()}, at::kBool);
  if (kind == HeadKind::intra) return frame.unsqueeze(1).eq(frame.unsqueeze(0));
  const auto row = token.floor_divide(grid.cols).remainder(grid.rows);
  return near(frame, window.frames)
      .logical_and(near(row, window.rows))
      .logical_and(near(token.remainder(grid.cols), window.cols));
}

ReferenceAttention reference_attention(const at::Tensor& q, const at::Tensor& k,
                                       const at::Tensor& v, const TokenGrid& grid,
                                       const std::vector<HeadKind>& kinds,
                                       const AttentionWindow& window) {
  check_window(window);
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(3)));
  std::vector<at::Tensor> outs, lses;
  for (std::size_t h = 0; h < kinds.size(); ++h) {
    const auto head = [h](const at::Tensor& x) {
      return x.select(2, static_cast<std::int64_t>(h)).to(at::kDouble);
    };
    const auto hidden = visible_keys(kinds[h], grid, window).logical_not().to(q.device());
    const auto logits = (at::matmul(head(q), head(k).transpose(1, 2)) * scale)
                            .masked_fill(hidden, -std::numeric_limits<double>::infinity());
    lses.push_back(at::logsumexp(logits, -1));
    outs.push_back(at::matmul((logits - lses.back().unsqueeze(-1)).exp(), head(v)));
  }
  return {at::stack(outs, 2), at::stack(lses, 1)};
}

}  // namespace oasis::nn
