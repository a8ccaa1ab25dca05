#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eval/page/markup.h"
#include "eval/page/scores.h"
#include "eval/page/sections.h"

namespace oasis::eval::page {
namespace {

std::vector<double> scores_of(const EvaluationResult& result, const std::string& key) {
  std::vector<double> scores;
  for (const ClipResult& clip : result.clips) scores.push_back(score_of(clip, key));
  return scores;
}

// A dot per clip and a bar at the mean; better is right.
std::string strip(const MetricInfo& metric, const std::vector<double>& scores, double mean) {
  std::vector<double> finite;
  std::copy_if(scores.begin(), scores.end(), std::back_inserter(finite),
               [](double value) { return std::isfinite(value); });
  if (finite.size() < 2) return {};
  const auto [low, high] = std::minmax_element(finite.begin(), finite.end());
  const double span = *high - *low;
  const auto place = [&, least = *low](double value) {
    const double share = span > 0 ? (value - least) / span : 0.5;
    return 6 + 148 * (metric.higher_is_better ? share : 1 - share);
  };
  std::string svg =
      "<svg class=\"strip\" viewBox=\"0 0 160 22\" aria-hidden=\"true\"><path class=\"axis\" "
      "d=\"M6 11.5H154\"/>";
  for (const double value : finite) {
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"11.5\" r=\"4\"/>", place(value));
  }
  if (std::isfinite(mean))
    svg += fmt::format("<path class=\"mean\" d=\"M{:.1f} 3v17\"/>", place(mean));
  return svg + "</svg>";
}

std::string clip_cell(const EvaluationResult& result, const MetricInfo& metric, std::size_t clip,
                      const char* style) {
  return fmt::format(
      "<td><span class=\"{}\">{}</span><span class=\"where\"><a href=\"#{}\">{}</a></span></td>",
      style, number(score_of(result.clips[clip], metric.key), metric.decimals), clip_id(clip),
      escape(result.clips[clip].name));
}

std::string row(const EvaluationResult& result, const MetricInfo& metric) {
  const std::vector<double> scores = scores_of(result, metric.key);
  const double mean = value_of(result.means, metric.key);
  std::string html = fmt::format(
      "<tr><th scope=\"row\">{}<span class=\"definition\">{}</span></th><td class=\"num\"><span "
      "class=\"value\">{}</span></td><td>{}</td>",
      heading_of(metric), escape(metric.definition), number(mean, metric.decimals),
      strip(metric, scores, mean));
  if (const auto found = extremes(metric, scores)) {
    html += clip_cell(result, metric, found->best, "best") +
            clip_cell(result, metric, found->worst, "worst");
  } else {
    html += "<td class=\"muted\">\xE2\x80\x93</td><td class=\"muted\">\xE2\x80\x93</td>";
  }
  return html + "</tr>\n";
}

}  // namespace

std::string clip_id(std::size_t index) { return fmt::format("clip-{}", index); }

std::string frame_id(std::size_t index, std::size_t frame) {
  return fmt::format("clip-{}-frame-{}", index, frame);
}

std::string failures(const std::vector<ClipResult>& clips) {
  std::string list;
  std::size_t count = 0;
  for (const ClipResult& clip : clips) {
    if (clip.error.empty()) continue;
    ++count;
    list += fmt::format("<li><strong>{}</strong>: {}</li>", escape(clip.name), escape(clip.error));
  }
  if (count == 0) return {};
  return fmt::format(
      "<div class=\"alert\"><p><strong>{} of {} failed</strong> and {} not in the means.</p>"
      "<ul>{}</ul></div>\n",
      count, counted(clips.size(), "clip"), count == 1 ? "is" : "are", list);
}

std::string not_computed(const std::vector<MissingMetric>& missing) {
  if (missing.empty()) return {};
  std::string html = "<h3>Not computed</h3><dl class=\"facts\">";
  for (const MissingMetric& metric : missing) {
    html += fmt::format("<dt><code>{}</code></dt><dd>{}</dd>", escape(metric.key),
                        escape(metric.reason));
  }
  return html + "</dl>\n";
}

std::string summary_section(const EvaluationResult& result) {
  std::string html = failures(result.clips);
  if (result.metrics.empty()) {
    html += "<p class=\"muted\">No metric was computed.</p>";
  } else {
    html +=
        "<div class=\"scroll\" role=\"region\" aria-label=\"Means\"><table><thead><tr><th "
        "scope=\"col\">Metric</th><th scope=\"col\" class=\"num\">Mean</th><th "
        "scope=\"col\">Clips, "
        "better to the right</th><th scope=\"col\">Best clip</th><th scope=\"col\">Worst clip</th>"
        "</tr></thead><tbody>\n";
    for (const MetricInfo& metric : result.metrics) html += row(result, metric);
    html += "</tbody></table></div>\n";
  }
  return html + not_computed(result.missing);
}

}  // namespace oasis::eval::page
