#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eval/page/comparison_sections.h"
#include "eval/page/markup.h"
#include "eval/page/scores.h"

namespace oasis::eval::page {
namespace {

constexpr std::int64_t kFewClips = 10;

struct Reading {
  const char* style;
  const char* text;
};

Reading reading(const MetricInfo& metric, const PairedDifference& difference) {
  if (difference.clips < 2 || !std::isfinite(difference.low) || !std::isfinite(difference.high)) {
    return {"unclear", "not known"};
  }
  if (difference.low <= 0 && difference.high >= 0) return {"unclear", "no clear difference"};
  return (difference.low > 0) == metric.higher_is_better ? Reading{"better", "better"}
                                                         : Reading{"worse", "worse"};
}

// Zero in the middle; `reach` is at the edges, and the better side is right.
std::string whisker(const MetricInfo& metric, const PairedDifference& difference, double reach,
                    const char* style) {
  std::string svg = fmt::format(
      "<svg class=\"whisker {}\" viewBox=\"0 0 100 20\" preserveAspectRatio=\"none\" "
      "aria-hidden=\"true\"><path class=\"zero\" d=\"M50 0V20\"/>",
      style);
  const double scale = (metric.higher_is_better ? 46 : -46) / reach;
  const auto place = [&](double value) { return 50 + scale * value; };
  const double low = std::min(place(difference.low), place(difference.high));
  const double high = std::max(place(difference.low), place(difference.high));
  if (std::isfinite(low) && std::isfinite(high)) {
    svg += fmt::format(
        "<path class=\"range\" d=\"M{0:.2f} 5V15M{0:.2f} 10H{1:.2f}M{1:.2f} 5V15\"/>", low, high);
  }
  if (std::isfinite(place(difference.mean))) {
    svg += fmt::format("<path class=\"point\" d=\"M{:.2f} 10h0\"/>", place(difference.mean));
  }
  return svg + "</svg>";
}

// The largest finite distance from zero of the metric's rows.
double reach_of(const Comparison& comparison, const std::string& key) {
  double reach = 0;
  for (const PairedDifference& difference : comparison.differences) {
    if (difference.metric != key) continue;
    for (const double value : {difference.mean, difference.low, difference.high}) {
      if (std::isfinite(value)) reach = std::max(reach, std::abs(value));
    }
  }
  return reach > 0 ? reach : 1;
}

// The metric's decimals, or as many as show two digits of the largest difference.
int decimals_for(const MetricInfo& metric, double reach) {
  const int digits = static_cast<int>(std::ceil(-std::log10(reach))) + 1;
  return std::clamp(digits, metric.decimals, std::max(metric.decimals, 9));
}

std::string row(const MetricInfo& metric, const PairedDifference& difference, double reach) {
  const Reading read = reading(metric, difference);
  const int decimals = decimals_for(metric, reach);
  return fmt::format(
      "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"num value\">{}</td><td class=\"num\">{} "
      "to {}</td><td class=\"num\">{} of {}</td><td class=\"reading-cell {}\">{}</td></tr>\n",
      escape(difference.method), whisker(metric, difference, reach, read.style),
      signed_number(difference.mean, decimals), signed_number(difference.low, decimals),
      signed_number(difference.high, decimals), difference.wins, difference.clips, read.style,
      read.text);
}

std::string rows(const Comparison& comparison, const MetricInfo& metric) {
  std::string html;
  const double reach = reach_of(comparison, metric.key);
  for (const PairedDifference& difference : comparison.differences) {
    if (difference.metric == metric.key) html += row(metric, difference, reach);
  }
  if (html.empty()) return html;
  return fmt::format(
      "<tbody><tr class=\"group\"><th scope=\"rowgroup\" colspan=\"6\">{}</th></tr>\n{}</tbody>\n",
      heading_of(metric), html);
}

// The metrics of the differences, those that no method describes last.
std::vector<MetricInfo> metrics_of(const Comparison& comparison) {
  std::vector<MetricInfo> metrics = all_metrics(comparison);
  for (const PairedDifference& difference : comparison.differences) {
    const bool known = std::any_of(metrics.begin(), metrics.end(), [&](const MetricInfo& metric) {
      return metric.key == difference.metric;
    });
    if (known) continue;
    MetricInfo metric;
    metric.key = metric.label = difference.metric;
    metrics.push_back(metric);
  }
  return metrics;
}

}  // namespace

std::string differences_section(const Comparison& comparison) {
  if (comparison.differences.empty()) {
    return "<p class=\"muted\">No metric is common to two methods on the same clip.</p>";
  }
  std::int64_t clips = 0;
  for (const PairedDifference& difference : comparison.differences) {
    clips = std::max(clips, difference.clips);
  }
  std::string html = fmt::format(
      "<p>Each method minus <strong>{}</strong>, clip by clip: the mean difference with its 95% "
      "interval (bootstrap over clips). Better is right of the dashed line, for every "
      "metric.{}</p>\n",
      comparison.methods.empty() ? "the first" : escape(comparison.methods.front().method),
      clips < kFewClips ? " With fewer than ten clips an interval is a rough guide." : "");
  html +=
      "<div class=\"scroll\" role=\"region\" aria-label=\"Differences\"><table><thead><tr><th "
      "scope=\"col\">Method</th><th scope=\"col\">Worse \xE2\x97\x82 \xE2\x96\xB8 better</th><th "
      "scope=\"col\" class=\"num\">Mean difference</th><th scope=\"col\" class=\"num\">95% "
      "interval</th><th scope=\"col\" class=\"num\">Wins</th><th scope=\"col\">Reading</th></tr>"
      "</thead>\n";
  for (const MetricInfo& metric : metrics_of(comparison)) html += rows(comparison, metric);
  return html + "</table></div>\n";
}

}  // namespace oasis::eval::page
