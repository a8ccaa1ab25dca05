#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "oasis/degrade/noise.h"

namespace oasis::degrade {

/// The inverse of one Poisson distribution's cumulative probabilities, in 32 bits. Counts beyond 8
/// standard deviations are left out.
class PoissonTable {
 public:
  explicit PoissonTable(double rate);

  /// The count whose share of [0, 2^32) holds `word`.
  std::int32_t count(std::uint32_t word) const {
    const std::uint32_t below_last = word < 0xFFFFFFFFU ? word : 0xFFFFFFFEU;
    std::size_t place = guide_[word >> 24];
    while (below_last >= ends_[place]) ++place;
    return first_ + static_cast<std::int32_t>(place);
  }

 private:
  std::int32_t first_ = 0;
  std::vector<std::uint32_t> ends_;  ///< of count first_ + i; the last is 2^32 - 1
  std::array<std::uint16_t, 256> guide_{};
};

/// The tables of the values 0..255. They are made once for each convention and number of levels and
/// shared by all threads.
using PoissonTables = std::vector<PoissonTable>;
std::shared_ptr<const PoissonTables> poisson_tables(int levels, PoissonConvention convention);

}  // namespace oasis::degrade
