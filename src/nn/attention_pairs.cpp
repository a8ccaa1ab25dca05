#include "oasis/nn/attention_pairs.h"

#include <algorithm>

namespace oasis::nn {
namespace {

/// The pairs of positions of one axis at most window / 2 apart.
double axis_pairs(std::int64_t extent, std::int64_t window) {
  const auto reach = window / 2;
  double pairs = 0;
  for (std::int64_t i = 0; i < extent; ++i) {
    const auto first = std::max<std::int64_t>(0, i - reach), last = std::min(extent - 1, i + reach);
    pairs += static_cast<double>(last - first + 1);
  }
  return pairs;
}

}  // namespace

double attention_pairs(HeadKind kind, const TokenGrid& grid, const AttentionWindow& window) {
  const auto tokens = static_cast<double>(grid.count());
  switch (kind) {
    case HeadKind::intra:
      return tokens * static_cast<double>(grid.per_frame());
    case HeadKind::window:
      return axis_pairs(grid.frames, window.frames) * axis_pairs(grid.rows, window.rows) *
             axis_pairs(grid.cols, window.cols);
    case HeadKind::global:
      break;
  }
  return tokens * tokens;
}

}  // namespace oasis::nn
