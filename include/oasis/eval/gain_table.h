#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "oasis/eval/bars.h"
#include "oasis/eval/results.h"

namespace oasis::eval {

/// A metric of the base and of the method.
struct GainPair {
  double base = 0;
  double method = 0;
};

/// Scores of a clip, mean over its variants (seeds), or of a set, mean over its clips.
struct GainRow {
  std::string name;
  std::int64_t frames = 0;                ///< of the clip; of all clips together
  std::map<std::string, GainPair> cells;  ///< by metric key; only what both have, finite
};

/// A bar and what was measured.
struct JudgedBar {
  Bar bar;
  double value = 0;  ///< what is held against the bar; every_clip: the smallest lead; NaN: nothing
  std::string clip;  ///< the worst one, for rules about every clip
  bool passed = false;
  bool reaches_goal = false;  ///< only where there is a goal
};

/// A method beside a base on a test set.
struct GainSet {
  std::string name;
  std::string about;
  std::size_t variants = 0;         ///< seeds that each clip's scores are the mean of
  std::vector<MetricInfo> metrics;  ///< columns that one clip at least has
  std::vector<GainRow> clips;
  GainRow overall;
  std::vector<JudgedBar> bars;
};

/// All test sets, with how they were measured.
struct GainTable {
  std::string name;    ///< of the bars
  std::string base;    ///< "bicubic"
  std::string method;  ///< "oasis-tiny"
  std::string protocol;
  std::vector<std::string> protocol_text;
  std::vector<std::string> deviations;
  std::vector<GainSet> sets;
  std::vector<std::string> unmeasured;  ///< sets with bars but without results

  /// Every bar was measured and is met.
  bool passed() const;
};

/// Averages over variants, then clips, and judges. `base` and `method` hold the results of the same
/// variants in the same order. Throws `oasis::Error` (unreadable_input) where they do not compare:
/// a failed clip, clips, frames or protocols that differ.
GainSet gain_of(const BarSet& set, const std::vector<EvaluationResult>& base,
                const std::vector<EvaluationResult>& method);

/// For reading: the bars first, then a table a set, then the definitions.
std::string to_markdown(const GainTable& table);

/// Several methods beside the same base, a line each: what every gain and ratio bar measures.
std::string to_summary(const std::vector<GainTable>& tables);

/// All numbers.
std::string to_json(const GainTable& table);

}  // namespace oasis::eval
