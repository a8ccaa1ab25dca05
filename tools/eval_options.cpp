#include "eval_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "common_options.h"
#include "oasis/core/error.h"
#include "oasis/core/version.h"
#include "oasis/eval/metric_catalogue.h"
#include "oasis/metrics/ewarp.h"

namespace oasis::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  oasis-eval --output upscaled/ --reference originals/
      Score every clip of a folder; what needs weight files is left out.
  oasis-eval --output up.mp4 --reference gt.mp4 --metrics psnr_rgb,ssim_y --protocol dove
      Two metrics of one video, as DOVE's scripts compute them.
  oasis-eval --output upscaled/ --reference originals/ --input small/ --weights weights/ \
      --protocol dove --published UDM10 --json r.json --html r.html
      Everything, with a report to look at and the published numbers beside it.
  oasis-eval --output upscaled/ --weights weights/ --metrics dover,clipiqa
      Metrics that need no reference.
  oasis-eval --compare a.json b.json c.json --html compare.html
      Methods side by side: b and c against a, clip by clip.
  oasis-eval --bars configs/bars/oasis-tiny.yaml --compare scores/bicubic scores/tiny \
      --markdown report.md --json report.json
      Gains over scores/bicubic/SET/*.json, mean over variants, then clips; which bars are met.
  oasis-eval --weights-help
      Which metric needs which file.

Clips are videos or folders of images, paired by name. A run that was interrupted goes on with the
clips that are not done (kept in the folder FILE.clips beside the results).

Exit status: 0 done, 1 failed, 2 wrong usage, 3 nothing could be scored, 6 some clips or weight
files were not as they should be and the rest is done, 130 interrupted, 143 terminated.)";

/// What needs more than a conversion to a number, and what changes the protocol.
struct RawOptions {
  std::string metrics;
  std::string protocol = "plain";
  std::string align;
  std::string frames;
  std::string flow;
  std::string ewarp_mode;
  std::string precision = "fp32";
  std::int64_t border = -1;
  std::int64_t dover_repeats = 0;
  std::vector<double> pulse_periods;
  std::string json;
  bool unchecked_weights = false;
};

void add_clip_options(CLI::App& app, EvalOptions& options, RawOptions& raw) {
  app.add_option("--output", options.output, "Clips to score: a video, or a folder of them");
  app.add_option("--reference", options.reference, "What they should look like");
  app.add_option("--input", options.input,
                 "The low-quality clips, for the report's bicubic pictures");
  app.add_option("--compare", options.compare,
                 "Methods to compare with the first: results (.json), or clips scored first")
      ->expected(2, 100);
  app.add_option(
      "--bars", options.bars,
      "Judge by this file's bars: --compare takes folders of results, SET/*.json; with more "
      "than two, a line for each but the first, the base");
  app.add_option("--frames", raw.frames, "Only frames A:B, from A to before B, counted from 0");
  app.add_option("--name", options.name, "Name of the method (default: that of --output)");
}

void add_measure_options(CLI::App& app, EvalOptions& options, RawOptions& raw) {
  app.add_option("--metrics", raw.metrics, "List such as psnr_rgb,ssim_y, or all (default: usual)");
  app.add_option("--protocol", raw.protocol, "plain (default), dove, or a file");
  app.add_option("--align", raw.align, "refuse, crop or resize pairs that differ");
  app.add_option("--border", raw.border, "Pixels cut from each side, for metrics with a reference")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--flow", raw.flow, "Of E_warp: raft, or dis, which needs no weights");
  app.add_option("--ewarp-mode", raw.ewarp_mode, "evalcrafter, lai or clean");
  app.add_option("--dover-repeats", raw.dover_repeats, "Draws of DOVER to average")
      ->check(CLI::Range(1, 1000));
  app.add_option("--pulse-periods", raw.pulse_periods, "Of the luma pulse, in frames: 4,25")
      ->delimiter(',')
      ->check(CLI::Range(2.0, 1e6));
  app.add_option("--weights", options.weights, "Folder of the metrics' weight files");
  app.add_flag("--weights-help", options.weights_help, "Say which metric needs which file");
  app.add_flag("--unchecked-weights", raw.unchecked_weights,
               "Take weight files whose hash is not the published one");
}

void add_result_options(CLI::App& app, EvalOptions& options, RawOptions& raw) {
  app.add_option("--published", options.published, "Show published numbers of a set: UDM10, ...");
  add_json_option(app, raw.json, "Results");
  app.add_option("--csv", options.csv, "Table of clips and metrics");
  app.add_option("--html", options.html, "Report with curves and pictures, one file");
  app.add_option("--markdown", options.markdown, "Report of --bars");
  app.add_flag("--fresh", options.fresh, "Score everything, whatever an earlier run has done");
  app.add_option("--device", options.device, "cpu, cuda or cuda:N, for networks (default cpu)");
  app.add_option("--precision", raw.precision, "fp32: metrics are defined in it");
  add_threads_option(app, options.threads);
  add_loudness_options(app, options.quiet, options.verbose);
}

/// A word that `parse` reads, with the option's name in the error.
template <typename Parse>
auto parse_word(const char* option, const std::string& text, const Parse& parse) {
  try {
    return parse(text);
  } catch (const Error& error) {
    throw Error(ExitCode::usage, fmt::format("{}: {}", option, error.what()));
  }
}

void change_protocol(const RawOptions& raw, eval::Protocol& protocol) {
  if (!raw.align.empty()) protocol.align = parse_word("--align", raw.align, eval::align_from);
  if (raw.border >= 0) protocol.border = raw.border;
  if (!raw.flow.empty()) {
    if (raw.flow != "raft" && raw.flow != "dis") {
      throw Error(ExitCode::usage, fmt::format("--flow: \"{}\" is not raft or dis", raw.flow));
    }
    protocol.ewarp_dis = raw.flow == "dis";
  }
  if (!raw.ewarp_mode.empty()) {
    protocol.ewarp = parse_word("--ewarp-mode", raw.ewarp_mode, metrics::ewarp_mode_from);
  }
  if (raw.dover_repeats > 0) protocol.dover_repeats = raw.dover_repeats;
  if (!raw.pulse_periods.empty()) protocol.pulse.periods = raw.pulse_periods;
}

void interpret(const RawOptions& raw, EvalOptions& options) {
  if (options.weights_help) return;
  if (raw.precision != "fp32") {
    throw Error(ExitCode::usage,
                fmt::format("--precision {}: metrics are defined in fp32", raw.precision));
  }
  if (options.output.empty() == options.compare.empty()) {
    throw Error(ExitCode::usage, "give --output or --compare; see oasis-eval --help");
  }
  if (!options.bars.empty() && options.compare.empty()) {
    throw Error(ExitCode::usage, "--bars: give --compare BASE METHOD..., folders SET/*.json");
  }
  if (!options.markdown.empty() && options.bars.empty()) {
    throw Error(ExitCode::usage, "--markdown: there is a report only with --bars");
  }
  options.metrics = eval::select_metrics(raw.metrics);
  const auto published = eval::load_protocol(raw.protocol);
  options.protocol = published;
  change_protocol(raw, options.protocol);
  options.deviations = eval::deviations(published, options.protocol);
  if (!raw.frames.empty()) {
    options.frames = infer::parse_frame_range(raw.frames);
    options.deviations.push_back(fmt::format("frames {} only", raw.frames));
  }
  options.checked_weights = !raw.unchecked_weights;
  if (raw.unchecked_weights) options.deviations.push_back("weight files not checked by hash");
}

}  // namespace

std::optional<EvalOptions> parse_eval_options(int argc, char** argv) {
  EvalOptions options;
  RawOptions raw;
  CLI::App app("Scores upscaled videos with the metrics of the papers.", "oasis-eval");
  add_clip_options(app, options, raw);
  add_measure_options(app, options, raw);
  add_result_options(app, options, raw);
  app.set_version_flag("--version", "oasis-eval " + version());
  app.footer(kExamples);
  if (!parse_command_line(app, "oasis-eval", argc, argv)) return std::nullopt;
  if (app.count("--json") > 0) options.json = raw.json;
  interpret(raw, options);
  return options;
}

}  // namespace oasis::tools
