#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "oasis/routing/cell_statistics.h"
#include "oasis/routing/score_sums.h"

namespace oasis::routing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Logits of all heads of a clip that are held at a time.
constexpr std::int64_t kLogitsPerBlock = 1 << 25;

/// Frame, row and column of every token.
struct Places {
  at::Tensor frame, row, col;

  Places(const TokenGrid& grid, c10::Device device) {
    const auto token =
        at::arange(grid.count(), at::TensorOptions().dtype(at::kLong).device(device));
    frame = token.div(grid.per_frame(), "floor");
    row = token.div(grid.cols, "floor").remainder(grid.rows);
    col = token.remainder(grid.cols);
  }
};

/// The number of the cell of each key for `count` queries: `[count, N]`.
at::Tensor cell_numbers(const Places& places, const nn::AttentionWindow& window, std::int64_t first,
                        std::int64_t count) {
  const auto distance = [&](const at::Tensor& x) {
    return (x.narrow(0, first, count).unsqueeze(1) - x.unsqueeze(0)).abs();
  };
  const auto frames = distance(places.frame);
  const auto outside = (frames > window.frames / 2) | (distance(places.row) > window.rows / 2) |
                       (distance(places.col) > window.cols / 2);
  return (frames > 0).to(at::kLong) * 2 + outside.to(at::kLong);
}

/// Max, z and u over the keys where `mask` holds: `[..., 3]`.
at::Tensor statistics_where(const at::Tensor& logits, const at::Tensor& mask) {
  const auto max = logits.masked_fill(~mask, -kInfinity).amax(-1, true);
  const auto finite = max.masked_fill(max == -kInfinity, 0.0);
  const auto distance = (logits - finite).masked_fill(~mask, 0.0);
  const auto weight = distance.exp().masked_fill(~mask, 0.0);
  return at::cat({max, weight.sum(-1, true), (weight * distance).sum(-1, true)}, -1);
}

/// max, z, u of one cell or more, in double.
struct CellTensors {
  at::Tensor max, z, u;
};

CellTensors of_cell(const at::Tensor& cells, Cell cell) {
  const auto one = cells.select(-2, static_cast<std::int64_t>(cell));
  return {one.select(-1, 0), one.select(-1, 1), one.select(-1, 2)};
}

/// As `merged` for single cells; an empty cell has max -inf and z, u 0.
CellTensors merged(const CellTensors& a, const CellTensors& b) {
  const auto max = at::maximum(a.max, b.max);
  const auto finite = max.masked_fill(max == -kInfinity, 0.0);
  const auto raise = [&](const CellTensors& cell) {
    const auto shift = (cell.max - finite).masked_fill(cell.max == -kInfinity, 0.0);
    const auto factor = shift.exp();
    return CellTensors{max, factor * cell.z, factor * (cell.u + shift * cell.z)};
  };
  const auto left = raise(a), right = raise(b);
  return {max, left.z + right.z, left.u + right.u};
}

/// The scores of every query for one pattern: `[..., scores]`.
at::Tensor pattern_scores(const CellTensors& kept, const CellTensors& rest, double eps) {
  const auto none_left_out = rest.z == 0;
  const auto lse = [](const CellTensors& cell) { return cell.max + cell.z.log(); };
  const auto lse_kept = lse(kept), lse_rest = lse(rest);
  const auto x = lse_rest - lse_kept;
  const auto reverse = at::logaddexp(x, at::zeros_like(x));
  const auto leaked = at::sigmoid(x);
  const auto mean_logit = rest.max + rest.u / rest.z;
  const auto forward = -at::sigmoid(-x) * reverse +
                       leaked * (mean_logit - at::logaddexp(lse_kept, lse_rest) - std::log(eps));
  return at::stack({forward, reverse, leaked}, -1).masked_fill(none_left_out.unsqueeze(-1), 0.0);
}

}  // namespace

at::Tensor cell_table(const at::Tensor& q, const at::Tensor& k, const TokenGrid& grid,
                      const nn::AttentionWindow& window) {
  const at::NoGradGuard no_grad;
  const auto dtype = q.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const auto heads_first = [&](const at::Tensor& x) { return x.transpose(1, 2).to(dtype); };
  const auto queries = heads_first(q) / std::sqrt(static_cast<double>(q.size(3)));
  const auto keys = heads_first(k).transpose(2, 3);
  const auto tokens = q.size(1);
  const auto rows = q.size(0) * q.size(2) * tokens;
  const auto block = std::clamp<std::int64_t>(kLogitsPerBlock / rows, 1, tokens);
  const Places places(grid, q.device());
  std::vector<at::Tensor> parts;
  for (std::int64_t first = 0; first < tokens; first += block) {
    const auto count = std::min(block, tokens - first);
    const auto logits = at::matmul(queries.narrow(2, first, count), keys);
    const auto numbers = cell_numbers(places, window, first, count);
    std::vector<at::Tensor> cells;
    for (std::int64_t cell = 0; cell < static_cast<std::int64_t>(kCells); ++cell) {
      cells.push_back(statistics_where(logits, numbers == cell));
    }
    parts.push_back(at::stack(cells, -2));
  }
  return at::cat(parts, 2);
}

at::Tensor sum_cell_table(const at::Tensor& cells, double eps) {
  const at::NoGradGuard no_grad;
  const auto wide = cells.to(at::kDouble);
  const auto both = of_cell(wide, Cell::both), intra = of_cell(wide, Cell::intra);
  const auto window = of_cell(wide, Cell::window), none = of_cell(wide, Cell::none);
  const auto for_intra = pattern_scores(merged(both, intra), merged(window, none), eps);
  const auto for_window = pattern_scores(merged(both, window), merged(intra, none), eps);
  return at::stack({for_intra, for_window}, -1).sum(2).cpu();
}

}  // namespace oasis::routing
