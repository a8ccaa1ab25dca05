#include <fmt/format.h>

#include "eval/page/markup.h"
#include "eval/page/scores.h"
#include "eval/page/sections.h"

namespace oasis::eval::page {
namespace {

std::string headings(const EvaluationResult& result) {
  std::string html =
      "<thead><tr><th scope=\"col\">Clip</th><th scope=\"col\" class=\"num\">Frames</th>"
      "<th scope=\"col\" class=\"num\">Size</th>";
  for (const MetricInfo& metric : result.metrics) {
    html += fmt::format("<th scope=\"col\" class=\"num\" data-first=\"{}\">{}</th>",
                        metric.higher_is_better ? "descending" : "ascending", heading_of(metric));
  }
  return html + "</tr></thead>\n";
}

std::string size_cell(const ClipResult& clip) {
  if (clip.width <= 0) return "<td class=\"num\" data-sort=\"NaN\">\xE2\x80\x93</td>";
  return fmt::format("<td class=\"num\" data-sort=\"{}\">{}\xC3\x97{}</td>",
                     static_cast<std::int64_t>(clip.width) * clip.height, clip.width, clip.height);
}

std::string row(const EvaluationResult& result, std::size_t index,
                const std::vector<std::optional<Extremes>>& marks) {
  const ClipResult& clip = result.clips[index];
  std::string html = fmt::format(
      "<tr><th scope=\"row\"><a href=\"#{}\">{}</a>{}</th><td class=\"num\" "
      "data-sort=\"{}\">{}</td>{}",
      clip_id(index), escape(clip.name),
      clip.error.empty() ? "" : "<span class=\"where\">failed</span>", clip.frames, clip.frames,
      size_cell(clip));
  for (std::size_t i = 0; i < result.metrics.size(); ++i) {
    const double score = score_of(clip, result.metrics[i].key);
    const auto equals = [&](std::size_t other) {
      const MetricInfo& metric = result.metrics[i];
      return prints_equal(metric, score, score_of(result.clips[other], metric.key));
    };
    const char* style = !marks[i]                 ? ""
                        : equals(marks[i]->best)  ? "best"
                        : equals(marks[i]->worst) ? "worst"
                                                  : "";
    html += fmt::format("<td class=\"num\" data-sort=\"{}\">{}</td>", sort_key(score),
                        marked(number(score, result.metrics[i].decimals), style));
  }
  return html + "</tr>\n";
}

std::string means(const EvaluationResult& result) {
  std::string html = "<tfoot><tr><th scope=\"row\">Mean</th><td></td><td></td>";
  for (const MetricInfo& metric : result.metrics) {
    html += fmt::format("<td class=\"num value\">{}</td>",
                        number(value_of(result.means, metric.key), metric.decimals));
  }
  return html + "</tr></tfoot>";
}

}  // namespace

std::string clip_table_section(const EvaluationResult& result) {
  if (result.clips.empty()) return "<p class=\"muted\">No clip was scored.</p>";
  std::vector<std::optional<Extremes>> marks;
  for (const MetricInfo& metric : result.metrics) {
    std::vector<double> scores;
    for (const ClipResult& clip : result.clips) scores.push_back(score_of(clip, metric.key));
    marks.push_back(extremes(metric, scores));
  }
  std::string html =
      "<p class=\"small muted\"><span class=\"best\">best</span> and <span "
      "class=\"worst\">worst</span> "
      "clip of each metric.<span class=\"js-only\"> A heading sorts by its column.</span></p>"
      "<div class=\"scroll\" role=\"region\" aria-label=\"Scores by clip\"><table "
      "class=\"sortable\">" +
      headings(result) + "<tbody>\n";
  for (std::size_t i = 0; i < result.clips.size(); ++i) html += row(result, i, marks);
  return html + "</tbody>" + means(result) + "</table></div>\n";
}

}  // namespace oasis::eval::page
