#pragma once

#include <ATen/Functions.h>

#include <cstdint>
#include <map>

#include "oasis/data/orientation.h"
#include "oasis/data/sample_source.h"

namespace oasis::data::testing {

/// How often each orientation (left_right + 2 top_bottom + 4 transposed) turns up in the first
/// `samples` of a source, against those of one that turns nothing; -1 where HQ and LQ are laid
/// differently or in none of the eight ways.
inline std::map<int, int> count_orientations(const SampleSource& plain, const SampleSource& turning,
                                             std::uint64_t samples) {
  std::map<int, int> counts;
  for (std::uint64_t uid = 0; uid < samples; ++uid) {
    const TrainingSample a = plain.sample(uid);
    const TrainingSample b = turning.sample(uid);
    int found = -1;
    for (int n = 0; n < 8; ++n) {
      const Orientation orientation{(n & 1) != 0, (n & 2) != 0, (n & 4) != 0};
      if (at::equal(orient(a.hq, orientation), b.hq) &&
          at::equal(orient(a.lq, orientation), b.lq)) {
        found = n;
      }
    }
    ++counts[found];
  }
  return counts;
}

}  // namespace oasis::data::testing
