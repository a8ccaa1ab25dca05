#include "eval/page/scores.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "eval/page/markup.h"

namespace oasis::eval::page {

double value_of(const std::map<std::string, double>& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
}

double score_of(const ClipResult& clip, const std::string& key) {
  return clip.error.empty() ? value_of(clip.scores, key) : std::numeric_limits<double>::quiet_NaN();
}

bool is_better(const MetricInfo& metric, double a, double b) {
  return metric.higher_is_better ? a > b : a < b;
}

bool prints_equal(const MetricInfo& metric, double a, double b) {
  return number(a, metric.decimals) == number(b, metric.decimals);
}

std::optional<Extremes> extremes(const MetricInfo& metric, const std::vector<double>& values) {
  std::optional<Extremes> found;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    if (!found) found = Extremes{i, i};
    if (is_better(metric, values[i], values[found->best])) found->best = i;
    if (is_better(metric, values[found->worst], values[i])) found->worst = i;
  }
  if (found && prints_equal(metric, values[found->best], values[found->worst])) return std::nullopt;
  return found;
}

const std::vector<double>* curve_of(const ClipResult& clip, const std::string& key) {
  if (!clip.error.empty()) return nullptr;
  const auto found = clip.per_frame.find(key);
  return found == clip.per_frame.end() || found->second.empty() ? nullptr : &found->second;
}

const MetricInfo* leading_metric(const EvaluationResult& result) {
  for (const MetricInfo& metric : result.metrics) {
    for (const ClipResult& clip : result.clips) {
      if (curve_of(clip, metric.key) != nullptr) return &metric;
    }
  }
  return nullptr;
}

std::string heading_of(const MetricInfo& metric) {
  const char* arrow = metric.higher_is_better ? "\xE2\x86\x91" : "\xE2\x86\x93";
  const char* words = metric.higher_is_better ? "higher is better" : "lower is better";
  return fmt::format(
      "{} <span class=\"unit\">{}{}<span title=\"{}\" aria-hidden=\"true\">{}</span>"
      "<span class=\"vh\">{}</span></span>",
      escape(metric.label), escape(metric.unit), metric.unit.empty() ? "" : " ", words, arrow,
      words);
}

std::string marked(const std::string& number, const std::string& style) {
  if (style.empty()) return number;
  return fmt::format("<span class=\"{0}\">{1}<span class=\"vh\"> ({0})</span></span>", style,
                     number);
}

std::string with_unit(const MetricInfo& metric, double value) {
  const std::string text = number(value, metric.decimals);
  if (metric.unit.empty() || std::isnan(value)) return text;
  return fmt::format("{}&nbsp;<span class=\"unit\">{}</span>", text, escape(metric.unit));
}

}  // namespace oasis::eval::page
