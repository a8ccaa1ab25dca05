#include "eval_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "oasis/core/log.h"
#include "oasis/eval/results_file.h"

namespace oasis::tools {
namespace {

using Row = std::vector<std::string>;

/// Columns as wide as their longest text; the first to the left, the others to the right.
void print_table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line = fmt::format("{:<{}}", row.front(), widths.front());
    for (std::size_t i = 1; i < row.size(); ++i) {
      line += fmt::format("  {:>{}}", row[i], widths[i]);
    }
    fmt::print("{}\n", line);
  }
}

std::string cell(const std::map<std::string, double>& scores, const eval::MetricInfo& metric) {
  const auto score = scores.find(metric.key);
  return score == scores.end() ? "-" : fmt::format("{:.{}f}", score->second, metric.decimals);
}

/// Metrics that one clip at least has.
std::vector<eval::MetricInfo> filled_columns(const eval::EvaluationResult& result) {
  std::vector<eval::MetricInfo> columns;
  for (const auto& metric : result.metrics) {
    if (result.means.contains(metric.key)) columns.push_back(metric);
  }
  return columns;
}

Row header(const std::string& first, const std::vector<eval::MetricInfo>& columns) {
  Row row = {first};
  for (const auto& metric : columns) {
    row.push_back(metric.label + (metric.higher_is_better ? " +" : " -"));
  }
  return row;
}

Row line(const std::string& name, const std::map<std::string, double>& scores,
         const std::vector<eval::MetricInfo>& columns) {
  Row row = {name};
  for (const auto& metric : columns) row.push_back(cell(scores, metric));
  return row;
}

void print_published(const eval::EvaluationResult& result,
                     const std::vector<eval::MetricInfo>& columns) {
  if (result.published.empty()) return;
  fmt::print("\nPublished, set {}\n", result.published.front().set);
  std::vector<Row> rows = {header("method", columns)};
  for (const auto& row : result.published) rows.push_back(line(row.method, row.values, columns));
  print_table(rows);
  for (const auto& row : result.published) {
    fmt::print("{}: {}\n", row.method, row.source);
    for (const auto& [key, warning] : row.warnings) {
      fmt::print("  warning, {}: {}\n", key, warning);
    }
  }
  if (result.protocol != "dove") {
    fmt::print("warning: these tables follow the protocol dove, this run {}\n", result.protocol);
  }
}

}  // namespace

void log_pairs(const std::vector<eval::ClipPair>& pairs) {
  for (const auto& pair : pairs) {
    if (!pair.problem.empty()) continue;
    if (pair.reference.empty()) {
      log::info("{}: {}, no reference", pair.name, pair.output.string());
    } else {
      log::info("{}: {} against {}", pair.name, pair.output.string(), pair.reference.string());
    }
  }
}

void print_results(const eval::EvaluationResult& result) {
  const auto columns = filled_columns(result);
  std::vector<Row> rows = {header(result.method, columns)};
  std::int64_t good = 0;
  for (const auto& clip : result.clips) {
    if (!clip.error.empty()) continue;
    rows.push_back(line(clip.name, clip.scores, columns));
    ++good;
  }
  rows.push_back(line(fmt::format("mean of {}", good), result.means, columns));
  print_table(rows);
  fmt::print("(+: higher is better, -: lower is better)\n");
  for (const auto& clip : result.clips) {
    if (!clip.error.empty()) fmt::print("failed: {}: {}\n", clip.name, clip.error);
    for (const auto& note : clip.notes) fmt::print("note: {}: {}\n", clip.name, note);
  }
  for (const auto& metric : result.missing) {
    fmt::print("{}: not computed: {}\n", metric.key, metric.reason);
  }
  print_published(result, columns);
  fmt::print("\nProtocol {}\n", result.protocol);
  for (const auto& text : result.protocol_text) fmt::print("  {}\n", text);
  for (const auto& text : result.deviations) fmt::print("deviates from it: {}\n", text);
}

void print_comparison(const eval::Comparison& comparison) {
  const auto& first = comparison.methods.front();
  const auto columns = filled_columns(first);
  std::vector<Row> rows = {header("method", columns)};
  for (const auto& method : comparison.methods) {
    rows.push_back(line(method.method, method.means, columns));
  }
  print_table(rows);
  fmt::print("(+: higher is better, -: lower is better)\n\nAgainst {}\n", first.method);
  std::vector<Row> differences = {{"metric", "method", "difference", "95% interval", "wins"}};
  for (const auto& row : comparison.differences) {
    differences.push_back(
        {row.metric, row.method, fmt::format("{:+.4f}", row.mean),
         fmt::format("{:+.4f} to {:+.4f}", row.low, row.high),
         fmt::format("on {} of {} clip{}", row.wins, row.clips, row.clips == 1 ? "" : "s")});
  }
  print_table(differences);
  for (const auto& note : comparison.notes) fmt::print("note: {}\n", note);
}

void write_json(const EvalOptions& options, const std::string& text) {
  if (!options.json) return;
  if (options.json->empty()) {
    std::fputs(text.c_str(), stdout);
  } else {
    eval::write_text(*options.json, text);
  }
}

}  // namespace oasis::tools
