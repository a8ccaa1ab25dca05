#include "eval_bars.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "eval_report.h"
#include "oasis/core/error.h"
#include "oasis/eval/bars.h"
#include "oasis/eval/gain_table.h"
#include "oasis/eval/results_file.h"

namespace oasis::tools {
namespace {

namespace fs = std::filesystem;

/// The results of a set in the order of their names.
std::vector<fs::path> results_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_regular_file() && entry.path().extension() == ".json") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

eval::GainSet judge_set(const eval::BarSet& set, const fs::path& base_folder,
                        const std::vector<fs::path>& files, eval::GainTable& table) {
  std::vector<eval::EvaluationResult> base;
  std::vector<eval::EvaluationResult> method;
  for (const auto& file : files) {
    method.push_back(eval::read_results(file));
    base.push_back(eval::read_results(base_folder / set.name / file.filename()));
  }
  table.base = base.front().method;
  table.method = method.front().method;
  table.protocol = method.front().protocol;
  table.protocol_text = method.front().protocol_text;
  for (const auto& text : method.front().deviations) {
    const auto known = std::find(table.deviations.begin(), table.deviations.end(), text);
    if (known == table.deviations.end()) table.deviations.push_back(text);
  }
  return eval::gain_of(set, base, method);
}

eval::GainTable judge(const eval::Bars& bars, const fs::path& base, const fs::path& method) {
  eval::GainTable table;
  table.name = bars.name;
  for (const auto& set : bars.sets) {
    const auto files = results_in(method / set.name);
    if (files.empty()) {
      table.unmeasured.push_back(set.name);
    } else {
      table.sets.push_back(judge_set(set, base, files, table));
    }
  }
  if (table.sets.empty()) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{} holds no results of the sets of {}", method.string(), bars.name));
  }
  return table;
}

void show(const EvalOptions& options, const std::string& text) {
  if (!options.json || !options.json->empty()) fmt::print("{}\n", text);
}

/// One method: which bars it meets.
void report_one(const EvalOptions& options, const eval::GainTable& table) {
  const std::string markdown = eval::to_markdown(table);
  if (!options.markdown.empty()) eval::write_text(options.markdown, markdown);
  write_json(options, eval::to_json(table));
  show(options, fmt::format("{}\n{}", markdown.substr(0, markdown.find("\n## ")),
                            table.passed() ? "Every bar is met." : "Not every bar is met."));
}

/// Several: a line each.
void report_all(const EvalOptions& options, const std::vector<eval::GainTable>& tables) {
  const std::string markdown = eval::to_summary(tables);
  if (!options.markdown.empty()) eval::write_text(options.markdown, markdown);
  std::vector<std::string> parts;
  for (const auto& table : tables) parts.push_back(eval::to_json(table));
  write_json(options, fmt::format("[{}]\n", fmt::join(parts, ",")));
  show(options, markdown);
}

}  // namespace

int judge_bars(const EvalOptions& options) {
  if (options.compare.size() < 2) {
    throw Error(ExitCode::usage, "--bars: give --compare BASE METHOD..., folders SET/*.json");
  }
  const auto bars = eval::load_bars(options.bars);
  std::vector<eval::GainTable> tables;
  for (std::size_t i = 1; i < options.compare.size(); ++i) {
    tables.push_back(judge(bars, options.compare[0], options.compare[i]));
  }
  if (tables.size() == 1) {
    report_one(options, tables.front());
  } else {
    report_all(options, tables);
  }
  return static_cast<int>(ExitCode::done);
}

}  // namespace oasis::tools
