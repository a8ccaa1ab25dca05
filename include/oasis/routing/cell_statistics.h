#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "oasis/routing/head_scores.h"

namespace oasis::routing {

/// The keys fall into four disjoint cells relative to a query. Intra-frame attention sees the first
/// two, window attention the first and the third.
enum class Cell {
  both,    ///< same frame, in the window
  intra,   ///< same frame, outside the window
  window,  ///< another frame, in the window
  none,    ///< another frame, outside the window
};
inline constexpr std::size_t kCells = 4;

/// Streaming statistics of the logits s of one cell, which suffice for all scores: no attention map
/// is kept, and no two nearly equal numbers are ever subtracted.
struct CellStatistics {
  double max = -std::numeric_limits<double>::infinity();
  double z = 0;  ///< sum of e^(s - max)
  double u = 0;  ///< sum of e^(s - max) * (s - max)

  bool empty() const { return z == 0; }
};

/// Takes `count` more logits into a cell.
void include(CellStatistics& cell, const double* logits, std::int64_t count);

/// The statistics of two cells together.
CellStatistics merged(const CellStatistics& a, const CellStatistics& b);

/// The scores of one query, `[score][pattern]`. A pattern that leaves no key out scores exactly 0
/// everywhere. `eps` is the floor of `Score::forward_floor`.
using QueryScores = std::array<double, kScoresPerHead>;
QueryScores query_scores(const std::array<CellStatistics, kCells>& cells, double eps);

}  // namespace oasis::routing
