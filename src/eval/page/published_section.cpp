#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "eval/page/markup.h"
#include "eval/page/scores.h"
#include "eval/page/sections.h"

namespace oasis::eval::page {
namespace {

// A metric that some published row has; `info` is null if the evaluation does not know it.
struct Column {
  std::string key;
  const MetricInfo* info = nullptr;
  int decimals = 0;  // of the values as published
};

int decimals_of(double value) {
  const std::string text = fmt::format("{}", value);
  const auto point = text.find('.');
  if (!std::isfinite(value) || point == std::string::npos) return 0;
  return static_cast<int>(std::min<std::size_t>(text.size() - point - 1, 6));
}

std::vector<Column> columns_of(const EvaluationResult& result) {
  std::vector<Column> columns;
  std::set<std::string> keys, known;
  for (const PublishedRow& row : result.published) {
    for (const auto& [key, value] : row.values) keys.insert(key);
  }
  for (const MetricInfo& metric : result.metrics) {
    known.insert(metric.key);
    if (keys.count(metric.key) != 0) columns.push_back({metric.key, &metric, 0});
  }
  for (const std::string& key : keys) {
    if (known.count(key) == 0) columns.push_back({key, nullptr, 0});
  }
  for (Column& column : columns) {
    for (const PublishedRow& row : result.published) {
      column.decimals = std::max(column.decimals, decimals_of(value_of(row.values, column.key)));
    }
  }
  return columns;
}

// Warnings and sources, numbered in the order in which they are first needed.
class Footnotes {
 public:
  std::string mark(const std::string& text) {
    const auto found = std::find(texts_.begin(), texts_.end(), text);
    const auto index = static_cast<std::size_t>(found - texts_.begin());
    if (found == texts_.end()) texts_.push_back(text);
    return fmt::format("<sup><a href=\"#note-{0}\" aria-label=\"Note {0}\">{0}</a></sup>",
                       index + 1);
  }

  std::string list() const {
    if (texts_.empty()) return {};
    std::string html = "<ol class=\"footnotes\">";
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      html += fmt::format("<li id=\"note-{}\">{}</li>", i + 1, escape(texts_[i]));
    }
    return html + "</ol>\n";
  }

 private:
  std::vector<std::string> texts_;
};

std::string published_row(const PublishedRow& row, const std::vector<Column>& columns,
                          Footnotes& notes) {
  std::string html = fmt::format("<tr><th scope=\"row\">{}{}</th>", escape(row.method),
                                 row.source.empty() ? "" : notes.mark(row.source));
  for (const Column& column : columns) {
    const auto warning = row.warnings.find(column.key);
    const bool warned = warning != row.warnings.end();
    html += fmt::format("<td class=\"num\">{}{}</td>",
                        number(value_of(row.values, column.key), column.decimals),
                        warned ? "\xC2\xA0\xE2\x9A\xA0" + notes.mark(warning->second) : "");
  }
  return html + "</tr>\n";
}

std::string own_row(const EvaluationResult& result, const std::vector<Column>& columns) {
  std::string html =
      fmt::format("<tr class=\"own\"><th scope=\"row\">{} (this run)</th>", escape(result.method));
  for (const Column& column : columns) {
    const int decimals = std::max(column.info == nullptr ? 4 : column.info->decimals, 0);
    html += fmt::format("<td class=\"num\">{}</td>",
                        number(value_of(result.means, column.key), decimals));
  }
  return html + "</tr>\n";
}

std::vector<std::string> sets_of(const EvaluationResult& result) {
  std::vector<std::string> sets;
  for (const PublishedRow& row : result.published) {
    if (std::find(sets.begin(), sets.end(), row.set) == sets.end()) sets.push_back(row.set);
  }
  return sets;
}

}  // namespace

std::string published_section(const EvaluationResult& result) {
  if (result.published.empty()) {
    return "<p class=\"muted\">There are no published rows to set beside this run.</p>";
  }
  const std::vector<Column> columns = columns_of(result);
  Footnotes notes;
  std::string html =
      "<p>Rows are quoted from their sources. They compare with this run only if it scored the "
      "same "
      "clips under the same protocol.</p><div class=\"scroll\" role=\"region\" "
      "aria-label=\"Published results\"><table><thead><tr><th scope=\"col\">Method</th>";
  for (const Column& column : columns) {
    html += fmt::format("<th scope=\"col\" class=\"num\">{}</th>",
                        column.info != nullptr ? heading_of(*column.info) : escape(column.key));
  }
  html += "</tr></thead><tbody>" + own_row(result, columns) + "</tbody>\n";
  for (const std::string& set : sets_of(result)) {
    html +=
        fmt::format("<tbody><tr class=\"group\"><th scope=\"rowgroup\" colspan=\"{}\">{}</th></tr>",
                    columns.size() + 1, escape(set));
    for (const PublishedRow& row : result.published) {
      if (row.set == set) html += published_row(row, columns, notes);
    }
    html += "</tbody>\n";
  }
  return html + "</table></div>\n" + notes.list();
}

}  // namespace oasis::eval::page
