#include "oasis/routing/cell_statistics.h"

#include <algorithm>
#include <cmath>

namespace oasis::routing {
namespace {

/// ln(1 + e^x) without overflow.
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

double sigmoid(double x) {
  if (x >= 0) return 1 / (1 + std::exp(-x));
  const double e = std::exp(x);
  return e / (1 + e);
}

double log_sum_exp(const CellStatistics& cell) { return cell.max + std::log(cell.z); }

/// The statistics of a cell relative to a larger maximum.
CellStatistics raised(const CellStatistics& cell, double max) {
  const double shift = cell.max - max;
  const double factor = std::exp(shift);
  return {max, factor * cell.z, factor * (cell.u + shift * cell.z)};
}

/// The scores of keeping the keys `kept` and leaving out `rest`; `scores` is `[score]` with the
/// stride of the patterns.
void write_scores(const CellStatistics& kept, const CellStatistics& rest, double eps,
                  double* scores) {
  if (rest.empty()) return;
  const double lse_kept = log_sum_exp(kept);
  const double lse_rest = log_sum_exp(rest);
  const double x = lse_rest - lse_kept;
  const double reverse = softplus(x);  // -ln m
  const double leaked = sigmoid(x);    // 1 - m
  const double lse_all = std::max(lse_kept, lse_rest) + std::log1p(std::exp(-std::abs(x)));
  const double mean_logit = rest.max + rest.u / rest.z;
  const std::size_t stride = kPatterns.size();
  scores[static_cast<std::size_t>(Score::forward_floor) * stride] =
      -sigmoid(-x) * reverse + leaked * (mean_logit - lse_all - std::log(eps));
  scores[static_cast<std::size_t>(Score::reverse) * stride] = reverse;
  scores[static_cast<std::size_t>(Score::leaked_mass) * stride] = leaked;
}

}  // namespace

void include(CellStatistics& cell, const double* logits, std::int64_t count) {
  if (count <= 0) return;
  CellStatistics more;
  more.max = *std::max_element(logits, logits + count);
  for (std::int64_t i = 0; i < count; ++i) {
    const double distance = logits[i] - more.max;
    const double weight = std::exp(distance);
    more.z += weight;
    more.u += weight * distance;
  }
  cell = merged(cell, more);
}

CellStatistics merged(const CellStatistics& a, const CellStatistics& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  const double max = std::max(a.max, b.max);
  const CellStatistics left = raised(a, max);
  const CellStatistics right = raised(b, max);
  return {max, left.z + right.z, left.u + right.u};
}

QueryScores query_scores(const std::array<CellStatistics, kCells>& cells, double eps) {
  const auto cell = [&](Cell which) { return cells[static_cast<std::size_t>(which)]; };
  QueryScores scores{};
  write_scores(merged(cell(Cell::both), cell(Cell::intra)),
               merged(cell(Cell::window), cell(Cell::none)), eps,
               &scores[static_cast<std::size_t>(Pattern::intra)]);
  write_scores(merged(cell(Cell::both), cell(Cell::window)),
               merged(cell(Cell::intra), cell(Cell::none)), eps,
               &scores[static_cast<std::size_t>(Pattern::window)]);
  return scores;
}

}  // namespace oasis::routing
