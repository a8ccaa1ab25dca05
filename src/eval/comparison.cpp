#include "oasis/eval/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>

#include "oasis/core/error.h"
#include "oasis/core/philox.h"

namespace oasis::eval {
namespace {

constexpr PhiloxKey kKey = {0x0A515E7A, 0};

// Random numbers from 0 to below `count`, in a fixed order.
class Draws {
 public:
  explicit Draws(std::uint64_t count) : count_(count) {}

  std::size_t next() {
    if (at_ == words_.size()) {
      words_ = philox(
          {static_cast<std::uint32_t>(block_), static_cast<std::uint32_t>(block_ >> 32), 0, 0},
          kKey);
      ++block_;
      at_ = 0;
    }
    return static_cast<std::size_t>(words_[at_++] * count_ >> 32);
  }

 private:
  std::uint64_t count_;
  std::uint64_t block_ = 0;
  PhiloxCounter words_{};
  std::size_t at_ = 4;
};

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

using ClipsByName = std::map<std::string, const ClipResult*>;

ClipsByName good_clips(const EvaluationResult& method) {
  ClipsByName clips;
  for (const auto& clip : method.clips) {
    if (clip.error.empty()) clips[clip.name] = &clip;
  }
  return clips;
}

// Clips that some methods lack are named; so are differing protocols.
std::vector<std::string> notes_on(const std::vector<EvaluationResult>& methods) {
  std::vector<std::string> notes;
  std::set<std::string> names;
  for (const auto& method : methods) {
    for (const auto& [name, clip] : good_clips(method)) names.insert(name);
  }
  for (const auto& method : methods) {
    const auto clips = good_clips(method);
    for (const auto& name : names) {
      if (!clips.contains(name)) notes.push_back(fmt::format("{} has no {}", method.method, name));
    }
    if (method.protocol_text != methods.front().protocol_text) {
      notes.push_back(
          fmt::format("{} was evaluated by another protocol than {}: the numbers do "
                      "not compare",
                      method.method, methods.front().method));
    }
  }
  return notes;
}

PairedDifference paired_difference(const MetricInfo& metric, const EvaluationResult& first,
                                   const EvaluationResult& method) {
  PairedDifference result;
  result.metric = metric.key;
  result.method = method.method;
  std::vector<double> differences;
  const auto others = good_clips(method);
  for (const auto& [name, clip] : good_clips(first)) {
    const auto other = others.find(name);
    if (other == others.end()) continue;
    const auto before = clip->scores.find(metric.key);
    const auto after = other->second->scores.find(metric.key);
    if (before == clip->scores.end() || after == other->second->scores.end()) continue;
    const double difference = after->second - before->second;
    if (!std::isfinite(difference)) continue;
    differences.push_back(difference);
    if (metric.higher_is_better ? difference > 0 : difference < 0) ++result.wins;
  }
  const auto interval = bootstrap_mean(differences);
  result.mean = interval.mean;
  result.low = interval.low;
  result.high = interval.high;
  result.clips = static_cast<std::int64_t>(differences.size());
  return result;
}

}  // namespace

Interval bootstrap_mean(const std::vector<double>& values, std::int64_t resamples) {
  if (values.empty()) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    return {none, none, none};
  }
  Draws draws(values.size());
  std::vector<double> means(static_cast<std::size_t>(resamples));
  for (double& mean : means) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += values[draws.next()];
    mean = sum / static_cast<double>(values.size());
  }
  std::sort(means.begin(), means.end());
  const auto last = static_cast<double>(means.size() - 1);
  const auto at = [&](double share) { return means[static_cast<std::size_t>(share * last + 0.5)]; };
  return {mean_of(values), at(0.025), at(0.975)};
}

Comparison compare(std::vector<EvaluationResult> methods) {
  if (methods.size() < 2) {
    throw Error(ExitCode::usage, "--compare needs two results or more, for example A.json B.json");
  }
  std::map<std::string, int> seen;
  for (auto& method : methods) {
    const int count = ++seen[method.method];
    if (count > 1) method.method += fmt::format(" ({})", count);
  }
  Comparison comparison;
  comparison.notes = notes_on(methods);
  const auto& first = methods.front();
  for (const auto& metric : first.metrics) {
    for (std::size_t i = 1; i < methods.size(); ++i) {
      auto difference = paired_difference(metric, first, methods[i]);
      if (difference.clips > 0) comparison.differences.push_back(std::move(difference));
    }
  }
  if (comparison.differences.empty()) {
    comparison.notes.emplace_back("no clip and metric is common to the methods");
  }
  comparison.methods = std::move(methods);
  return comparison;
}

}  // namespace oasis::eval
