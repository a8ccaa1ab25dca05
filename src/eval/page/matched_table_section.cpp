#include <fmt/format.h>

#include <cmath>

#include "eval/page/comparison_sections.h"
#include "eval/page/markup.h"
#include "eval/page/picture_slider.h"
#include "eval/page/scores.h"

namespace oasis::eval::page {
namespace {

std::string row(const MatchedClip& clip, std::size_t index, const MetricInfo& metric) {
  std::vector<double> scores;
  for (const ClipResult* result : clip.results) {
    scores.push_back(result == nullptr ? std::nan("") : score_of(*result, metric.key));
  }
  const auto found = extremes(metric, scores);
  std::string html = fmt::format("<tr><th scope=\"row\"><a href=\"#clip-{}\">{}</a></th>", index,
                                 escape(clip.name));
  for (const double score : scores) {
    const bool best = found && prints_equal(metric, score, scores[found->best]);
    html += fmt::format("<td class=\"num\" data-sort=\"{}\">{}</td>", sort_key(score),
                        marked(number(score, metric.decimals), best ? "best" : ""));
  }
  return html + "</tr>\n";
}

std::string table(const Comparison& comparison, const std::vector<MatchedClip>& clips,
                  const MetricInfo& metric) {
  std::string html = fmt::format(
      "<div class=\"scroll\" role=\"region\" aria-label=\"{} by clip\"><table class=\"sortable\">"
      "<thead><tr><th scope=\"col\">Clip</th>",
      escape(metric.label));
  for (const EvaluationResult& method : comparison.methods) {
    html +=
        fmt::format("<th scope=\"col\" class=\"num\" data-first=\"{}\">{}</th>",
                    metric.higher_is_better ? "descending" : "ascending", escape(method.method));
  }
  html += "</tr></thead><tbody>\n";
  for (std::size_t i = 0; i < clips.size(); ++i) html += row(clips[i], i, metric);
  html += "</tbody><tfoot><tr><th scope=\"row\">Mean</th>";
  for (const EvaluationResult& method : comparison.methods) {
    html += fmt::format("<td class=\"num value\">{}</td>",
                        number(value_of(method.means, metric.key), metric.decimals));
  }
  return html + "</tr></tfoot></table></div>\n";
}

}  // namespace

std::string matched_table_section(const Comparison& comparison) {
  const std::vector<MatchedClip> clips = match_clips(comparison);
  if (clips.empty()) return "<p class=\"muted\">No clip was scored.</p>";
  std::vector<Panel> choices;
  for (const MetricInfo& metric : all_metrics(comparison)) {
    const char* arrow = metric.higher_is_better ? "\xE2\x86\x91" : "\xE2\x86\x93";
    choices.push_back({fmt::format("scores-{}", choices.size()),
                       fmt::format("{} {}", metric.label, arrow),
                       table(comparison, clips, metric)});
  }
  return choices.empty() ? "<p class=\"muted\">No metric was computed.</p>"
                         : panels("scores", "Metric", choices);
}

}  // namespace oasis::eval::page
