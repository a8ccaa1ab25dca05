#include <fmt/format.h>

#include <algorithm>

#include "eval/page/comparison_sections.h"
#include "eval/page/markup.h"
#include "eval/page/scores.h"

namespace oasis::eval::page {
namespace {

// What several methods may have in common.
struct Shared {
  std::string what, reason, methods;
};

void add(std::vector<Shared>& all, const std::string& what, const std::string& reason,
         const std::string& method) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Shared& other) {
    return other.what == what && other.reason == reason;
  });
  if (found == all.end()) {
    all.push_back({what, reason, method});
  } else {
    found->methods += ", " + method;
  }
}

// What a reader must know before comparing.
std::vector<std::string> cautions(const Comparison& comparison) {
  std::vector<std::string> lines = comparison.notes;
  for (const EvaluationResult& method : comparison.methods) {
    const EvaluationResult& first = comparison.methods.front();
    if (method.deviations != first.deviations) {
      lines.push_back(fmt::format("{} and {} deviate from their protocols in different ways",
                                  method.method, first.method));
    }
  }
  std::vector<Shared> failed;
  for (const EvaluationResult& method : comparison.methods) {
    for (const ClipResult& clip : method.clips) {
      if (!clip.error.empty()) add(failed, clip.name, clip.error, method.method);
    }
  }
  for (const Shared& clip : failed) {
    lines.push_back(fmt::format("{} failed ({}): {}", clip.what, clip.methods, clip.reason));
  }
  return lines;
}

std::string row(const Comparison& comparison, const MetricInfo& metric) {
  std::vector<double> means;
  for (const EvaluationResult& method : comparison.methods) {
    means.push_back(value_of(method.means, metric.key));
  }
  const auto found = extremes(metric, means);
  std::string html =
      fmt::format("<tr><th scope=\"row\">{}<span class=\"definition\">{}</span></th>",
                  heading_of(metric), escape(metric.definition));
  for (const double mean : means) {
    const bool best = found && prints_equal(metric, mean, means[found->best]);
    html += fmt::format("<td class=\"num\">{}</td>",
                        marked(number(mean, metric.decimals), best ? "best" : ""));
  }
  return html + "</tr>\n";
}

std::string missing(const Comparison& comparison) {
  std::vector<Shared> all;
  for (const EvaluationResult& method : comparison.methods) {
    for (const MissingMetric& metric : method.missing) {
      add(all, metric.key, metric.reason, method.method);
    }
  }
  std::string html;
  for (const Shared& metric : all) {
    html += fmt::format("<dt><code>{}</code></dt><dd>{} <span class=\"muted\">({})</span></dd>",
                        escape(metric.what), escape(metric.reason), escape(metric.methods));
  }
  return html.empty() ? html : "<h3>Not computed</h3><dl class=\"facts\">" + html + "</dl>\n";
}

}  // namespace

std::string means_section(const Comparison& comparison) {
  std::string html;
  const std::vector<std::string> lines = cautions(comparison);
  if (!lines.empty()) {
    html += "<div class=\"alert\"><p><strong>Before comparing</strong></p><ul>";
    for (const std::string& line : lines) html += fmt::format("<li>{}</li>", escape(line));
    html += "</ul></div>\n";
  }
  const std::vector<MetricInfo> metrics = all_metrics(comparison);
  if (metrics.empty()) return html + "<p class=\"muted\">No metric was computed.</p>";
  html +=
      "<div class=\"scroll\" role=\"region\" aria-label=\"Means\"><table><thead><tr><th "
      "scope=\"col\">Metric</th>";
  for (const EvaluationResult& method : comparison.methods) {
    html += fmt::format("<th scope=\"col\" class=\"num\">{}</th>", escape(method.method));
  }
  html += "</tr></thead><tbody>\n";
  for (const MetricInfo& metric : metrics) html += row(comparison, metric);
  return html + "</tbody></table></div>\n" + missing(comparison);
}

}  // namespace oasis::eval::page
