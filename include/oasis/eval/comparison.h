#pragma once

#include <cstdint>
#include <vector>

#include "oasis/eval/results.h"

namespace oasis::eval {

/// A mean and its 95% interval.
struct Interval {
  double mean = 0;
  double low = 0;
  double high = 0;
};

/// The percentile bootstrap (Efron, 1979) of the mean: the values are drawn with replacement
/// `resamples` times, and the interval leaves out 2.5% of the drawn means on each side. The draws
/// are those of Philox with a fixed key, so equal values give an equal interval. NaN without
/// values.
Interval bootstrap_mean(const std::vector<double>& values, std::int64_t resamples = 10000);

/// Each method against the first, clip by clip, metric by metric: the clips that both have without
/// error and with finite scores. What not all have, and protocols that differ, are in the notes.
/// Throws `oasis::Error` (usage) for fewer than two methods.
Comparison compare(std::vector<EvaluationResult> methods);

}  // namespace oasis::eval
