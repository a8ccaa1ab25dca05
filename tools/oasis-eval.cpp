// Scores clips or compares methods: options in, evaluator run, results written, errors to exit
// codes.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "common_loudness.h"
#include "eval_bars.h"
#include "eval_options.h"
#include "eval_report.h"
#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/memory.h"
#include "oasis/core/program.h"
#include "oasis/eval/comparison.h"
#include "oasis/eval/evaluator.h"
#include "oasis/eval/page.h"
#include "oasis/eval/published.h"
#include "oasis/eval/results_file.h"
#include "oasis/eval/weights.h"

namespace oasis::tools {
namespace {

namespace fs = std::filesystem;

std::string name_of(const fs::path& path) {
  const fs::path plain = fs::absolute(path).lexically_normal();
  return plain.has_filename() ? plain.stem().string() : plain.parent_path().filename().string();
}

/// Beside the results, else beside the outputs.
fs::path clips_folder(const EvalOptions& options, const fs::path& output) {
  if (options.fresh) return {};
  fs::path base;
  if (options.json && !options.json->empty()) {
    base = *options.json;
  } else if (!options.csv.empty()) {
    base = options.csv;
  } else if (!options.html.empty()) {
    base = options.html;
  } else {
    base = fs::absolute(output).lexically_normal();
    if (!base.has_filename()) base = base.parent_path();
  }
  return base.string() + ".clips";
}

/// Scores the clips of one method and fills in what the evaluator leaves to the program.
eval::Evaluation evaluate_outputs(const EvalOptions& options, const fs::path& output) {
  const auto pairs = eval::pair_clips(output, options.reference, options.input);
  log_pairs(pairs);
  eval::EvaluationOptions evaluation;
  evaluation.method = options.name.empty() ? name_of(output) : options.name;
  evaluation.protocol = options.protocol;
  evaluation.metrics = options.metrics;
  evaluation.frames = options.frames;
  evaluation.weights = options.weights;
  evaluation.checked_weights = options.checked_weights;
  evaluation.device = parse_device(options.device);
  evaluation.threads = options.threads;
  evaluation.pictures = !options.html.empty();
  evaluation.clips = clips_folder(options, output);
  auto done = eval::evaluate(pairs, evaluation);
  for (const auto& [what, which] : eval::protocol_lines(options.protocol)) {
    done.result.protocol_text.push_back(fmt::format("{}: {}", what, which));
  }
  done.result.deviations = options.deviations;
  return done;
}

std::int64_t good_clips(const eval::EvaluationResult& result) {
  return std::count_if(result.clips.begin(), result.clips.end(),
                       [](const auto& clip) { return clip.error.empty(); });
}

ExitCode exit_code(const eval::Evaluation& evaluation) {
  const auto good = good_clips(evaluation.result);
  if (good == 0) return ExitCode::unreadable_input;
  const bool all = good == static_cast<std::int64_t>(evaluation.result.clips.size());
  return all && !evaluation.wrong_weights ? ExitCode::done : ExitCode::batch_partly_failed;
}

bool prints_table(const EvalOptions& options) { return !options.json || !options.json->empty(); }

int evaluate(const EvalOptions& options) {
  std::vector<eval::PublishedRow> published;
  if (!options.published.empty()) {
    published = eval::published_rows(eval::configs_folder("published"), options.published);
  }
  auto evaluation = evaluate_outputs(options, options.output);
  evaluation.result.published = std::move(published);
  const auto& result = evaluation.result;
  write_json(options, eval::to_json(result));
  if (!options.csv.empty()) eval::write_text(options.csv, eval::to_csv(result));
  if (!options.html.empty()) eval::write_evaluation_page(result, options.html);
  if (prints_table(options)) print_results(result);
  return static_cast<int>(exit_code(evaluation));
}

int compare(const EvalOptions& options) {
  std::vector<eval::EvaluationResult> methods;
  auto code = ExitCode::done;
  for (const std::string& what : options.compare) {
    std::error_code error;
    if (fs::is_regular_file(what, error) && fs::path(what).extension() == ".json") {
      methods.push_back(eval::read_results(what));
      continue;
    }
    auto evaluation = evaluate_outputs(options, what);
    const auto partly = exit_code(evaluation);
    if (partly != ExitCode::done && code != ExitCode::unreadable_input) code = partly;
    methods.push_back(std::move(evaluation.result));
  }
  const auto comparison = eval::compare(std::move(methods));
  write_json(options, eval::to_json(comparison));
  if (!options.html.empty()) eval::write_comparison_page(comparison, options.html);
  if (prints_table(options)) print_comparison(comparison);
  return static_cast<int>(code);
}

int run(int argc, char** argv) {
  const auto options = parse_eval_options(argc, argv);
  if (!options) return 0;
  set_loudness(options->quiet, options->verbose);
  if (options->weights_help) {
    fmt::print("{}", eval::weights_help());
    return 0;
  }
  install_interrupt_handlers();
  keep_freed_memory();
  if (options->threads > 0) set_threads(options->threads);
  if (!options->bars.empty()) return judge_bars(*options);
  return options->compare.empty() ? evaluate(*options) : compare(*options);
}

}  // namespace
}  // namespace oasis::tools

int main(int argc, char** argv) {
  return oasis::run_program([&] { return oasis::tools::run(argc, argv); },
                            "leave out metrics with networks, or give fewer --threads");
}
