#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace oasis::eval {

/// How a bar judges a method beside the one it is compared with (the base).
enum class BarRule {
  gain,        ///< better than the base in the mean over clips by at least so much
  every_clip,  ///< better than the base on every clip
  ratio,       ///< the mean over clips is at most so many times the base's
  excess,      ///< above the base by at most so much, on every clip
  limit,       ///< at most so much by itself, on every clip
};

/// "gain", "every_clip", "ratio", "excess" or "limit"; and the inverse, which throws `oasis::Error`
/// (usage) for anything else.
std::string to_string(BarRule rule);
BarRule bar_rule_from(const std::string& name);

/// One demand on a metric.
struct Bar {
  std::string metric;  ///< key of a column: "psnr_y", "luma_pulse_p4"
  BarRule rule = BarRule::gain;
  double bar = 0;              ///< in the metric's unit, a factor for `ratio`; unused: every_clip
  std::optional<double> goal;  ///< a stricter number to aim at
};

/// The demands on a test set.
struct BarSet {
  std::string name;   ///< of the folder with its results
  std::string about;  ///< one line
  std::vector<Bar> bars;
};

/// What a model has to reach.
struct Bars {
  std::string name;
  std::vector<BarSet> sets;
};

/// Reads a YAML file such as `configs/bars/oasis-tiny.yaml`. Throws `oasis::Error` (usage) with
/// file and line for unknown keys, metrics and rules.
Bars load_bars(const std::filesystem::path& file);

}  // namespace oasis::eval
