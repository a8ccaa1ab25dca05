#include "oasis/eval/gain_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "oasis/core/error.h"

namespace oasis::eval {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

[[noreturn]] void refuse(const BarSet& set, const std::string& message) {
  throw Error(ExitCode::unreadable_input, fmt::format("set {}: {}", set.name, message));
}

/// Mean of what was added.
struct Mean {
  double sum = 0;
  std::int64_t count = 0;

  void add(double value) {
    sum += value;
    ++count;
  }
  double value() const { return count > 0 ? sum / static_cast<double>(count) : kNone; }
};

struct PairMean {
  Mean base;
  Mean method;

  void add(const GainPair& pair) {
    base.add(pair.base);
    method.add(pair.method);
  }
};

using PairMeans = std::map<std::string, PairMean>;

std::map<std::string, GainPair> values_of(const PairMeans& means) {
  std::map<std::string, GainPair> values;
  for (const auto& [key, mean] : means) values[key] = {mean.base.value(), mean.method.value()};
  return values;
}

void check_pair(const BarSet& set, const EvaluationResult& base, const EvaluationResult& method) {
  if (base.protocol_text != method.protocol_text || base.deviations != method.deviations) {
    refuse(set, fmt::format("{} and {} were scored by different protocols; score one again",
                            base.method, method.method));
  }
  if (base.clips.size() != method.clips.size()) {
    refuse(set, fmt::format("{} has {} clips, {} has {}", base.method, base.clips.size(),
                            method.method, method.clips.size()));
  }
  for (std::size_t i = 0; i < base.clips.size(); ++i) {
    const auto& a = base.clips[i];
    const auto& b = method.clips[i];
    for (const auto* clip : {&a, &b}) {
      if (!clip->error.empty()) refuse(set, fmt::format("{}: {}", clip->name, clip->error));
    }
    if (a.name != b.name || a.frames != b.frames) {
      refuse(set, fmt::format("{} of {} frames stands against {} of {}", a.name, a.frames, b.name,
                              b.frames));
    }
  }
}

/// Adds the scores that both clips have.
void add_scores(const ClipResult& base, const ClipResult& method, PairMeans& means) {
  for (const auto& [key, score] : base.scores) {
    const auto other = method.scores.find(key);
    if (other == method.scores.end()) continue;
    if (!std::isfinite(score) || !std::isfinite(other->second)) continue;
    means[key].add({score, other->second});
  }
}

std::vector<GainRow> clip_rows(const std::vector<EvaluationResult>& base,
                               const std::vector<EvaluationResult>& method) {
  std::vector<GainRow> rows;
  std::vector<PairMeans> means;
  for (std::size_t variant = 0; variant < base.size(); ++variant) {
    for (std::size_t i = 0; i < base[variant].clips.size(); ++i) {
      const auto& clip = base[variant].clips[i];
      const auto same_name = [&](const GainRow& row) { return row.name == clip.name; };
      const auto at = std::find_if(rows.begin(), rows.end(), same_name) - rows.begin();
      if (static_cast<std::size_t>(at) == rows.size()) {
        rows.push_back({clip.name, clip.frames, {}});
        means.emplace_back();
      }
      add_scores(clip, method[variant].clips[i], means[static_cast<std::size_t>(at)]);
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].cells = values_of(means[i]);
  return rows;
}

GainRow overall_row(const std::vector<GainRow>& clips) {
  GainRow row{"mean", 0, {}};
  PairMeans means;
  for (const auto& clip : clips) {
    row.frames += clip.frames;
    for (const auto& [key, pair] : clip.cells) means[key].add(pair);
  }
  row.cells = values_of(means);
  return row;
}

bool higher_is_better(const std::vector<MetricInfo>& metrics, const std::string& key) {
  const auto same_key = [&](const MetricInfo& metric) { return metric.key == key; };
  const auto found = std::find_if(metrics.begin(), metrics.end(), same_key);
  return found != metrics.end() && found->higher_is_better;
}

/// The smallest (`sign` 1) or largest (-1) of what `of` makes of the clips' pairs. NaN if a clip
/// has none.
template <typename Of>
void judge_clips(const GainSet& set, double sign, const Of& of, JudgedBar& judged) {
  judged.value = kNone;
  for (const auto& clip : set.clips) {
    const auto cell = clip.cells.find(judged.bar.metric);
    if (cell == clip.cells.end()) {
      judged.value = kNone;
      judged.clip = clip.name;
      return;
    }
    const double value = of(cell->second);
    if (std::isnan(judged.value) || sign * value < sign * judged.value) {
      judged.value = value;
      judged.clip = clip.name;
    }
  }
}

bool every_clip_has(const GainSet& set, const std::string& metric) {
  return !set.clips.empty() && std::all_of(set.clips.begin(), set.clips.end(),
                                           [&](const auto& c) { return c.cells.contains(metric); });
}

JudgedBar judge(const Bar& bar, const GainSet& set) {
  JudgedBar judged{bar, kNone, "", false, false};
  const double sign = higher_is_better(set.metrics, bar.metric) ? 1.0 : -1.0;
  const auto lead = [&](const GainPair& pair) { return sign * (pair.method - pair.base); };
  switch (bar.rule) {
    case BarRule::gain:
    case BarRule::ratio:
      if (every_clip_has(set, bar.metric)) {
        const GainPair& mean = set.overall.cells.at(bar.metric);
        judged.value = bar.rule == BarRule::gain ? lead(mean) : mean.method / mean.base;
      }
      break;
    case BarRule::every_clip:
      judge_clips(set, 1.0, lead, judged);
      judged.passed = judged.value > 0;
      return judged;
    case BarRule::excess:
      judge_clips(
          set, -1.0, [](const GainPair& p) { return p.method - p.base; }, judged);
      break;
    case BarRule::limit:
      judge_clips(
          set, -1.0, [](const GainPair& p) { return p.method; }, judged);
      break;
  }
  const bool least = bar.rule == BarRule::gain;
  const auto meets = [&](double wanted) {
    return least ? judged.value >= wanted : judged.value <= wanted;
  };
  judged.passed = meets(bar.bar);
  judged.reaches_goal = bar.goal && meets(*bar.goal);
  return judged;
}

}  // namespace

bool GainTable::passed() const {
  return unmeasured.empty() && std::all_of(sets.begin(), sets.end(), [](const GainSet& set) {
           return std::all_of(set.bars.begin(), set.bars.end(),
                              [](const JudgedBar& bar) { return bar.passed; });
         });
}

GainSet gain_of(const BarSet& set, const std::vector<EvaluationResult>& base,
                const std::vector<EvaluationResult>& method) {
  if (base.empty() || base.size() != method.size()) {
    refuse(set, fmt::format("there are {} and {} results", base.size(), method.size()));
  }
  for (std::size_t variant = 0; variant < base.size(); ++variant) {
    check_pair(set, base[variant], method[variant]);
    check_pair(set, base.front(), base[variant]);
  }
  GainSet result{set.name, set.about, base.size(), {}, clip_rows(base, method), {}, {}};
  result.overall = overall_row(result.clips);
  for (const auto& metric : base.front().metrics) {
    if (result.overall.cells.contains(metric.key)) result.metrics.push_back(metric);
  }
  for (const auto& bar : set.bars) result.bars.push_back(judge(bar, result));
  return result;
}

}  // namespace oasis::eval
