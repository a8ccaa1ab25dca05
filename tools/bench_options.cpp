#include "bench_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "common_options.h"
#include "oasis/core/error.h"
#include "oasis/core/version.h"
#include "oasis/model/oasis_model.h"

namespace oasis::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  oasis-bench model
      The smallest model with random weights, 33 frames of 320x180, on the CPU.
  oasis-bench model --model models/oasis-tiny --precision bf16 --json tiny-bf16.json
      A model folder; the numbers go to a file as well.
  oasis-bench model --size wan-1.3b --device cuda --width 320 --height 180 --repeat 10
      The full-size model with random weights: about 3 GiB of temporary files in bf16, 6 in fp32.
  oasis-bench model --size wan-1.3b --layers 4 --width 64 --height 64 --frames 9 --profile
      Its rates on a CPU: four of the 30 blocks, 768 tokens, 9 frames of 256x256 decoded.

Exit status: 0 done, 1 failed, 2 wrong usage, 3 the model cannot be read, 4 not enough memory.)";

// "40/20/40": percent of global, intra-frame and window heads.
void read_routed(const std::string& text, BenchOptions& options) {
  if (text.empty()) return;
  auto& [global, intra, window] = options.routed;
  char rest = 0;
  const int read = std::sscanf(text.c_str(), "%ld/%ld/%ld%c", &global, &intra, &window, &rest);
  if (read != 3 || global < 0 || intra < 0 || window < 0 || global + intra + window != 100) {
    throw Error(ExitCode::usage,
                fmt::format("--routed: \"{}\" is not G/I/W, percent of global, intra-frame and "
                            "window heads that add up to 100, for example 40/20/40",
                            text));
  }
}

void add_model_options(CLI::App& command, BenchOptions& options, std::string& json,
                       std::string& routed) {
  auto* folder = command.add_option("--model", options.model, "Model folder");
  command
      .add_option("--size", options.size,
                  "Random weights instead of a model folder: nano, tiny or wan-1.3b; they are "
                  "written to a temporary folder, which is removed once they are loaded (default "
                  "nano)")
      ->check(CLI::IsMember(model::model_sizes()))
      ->excludes(folder);
  command
      .add_option("--layers", options.layers,
                  "Blocks of the DiT, random weights only: fewer give the same rate in less time "
                  "and memory (default: as many as published)")
      ->check(CLI::PositiveNumber)
      ->excludes(folder);
  command
      .add_option(
          "--routed", routed,
          "G/I/W: percent of global, intra-frame and window heads of random weights, spread "
          "evenly (default: as the size has it)")
      ->excludes(folder);
  command.add_option("--width", options.width, "LQ width, a multiple of 4")->capture_default_str();
  command.add_option("--height", options.height, "LQ height, a multiple of 4")
      ->capture_default_str();
  command.add_option("--frames", options.frames, "Frames of the clip, 4n+1")->capture_default_str();
  command.add_option("--device", options.device, "cpu, cuda or cuda:N")->capture_default_str();
  command.add_option("--precision", options.precision,
                     "fp32, bf16 or fp16 (default: fp32 on the CPU, bf16 on CUDA)");
  command.add_option("--threads", options.threads, "CPU threads (default: all)")
      ->check(CLI::PositiveNumber);
  command.add_option("--repeat", options.repeat, "Timed calls after the first")
      ->capture_default_str();
  command.add_flag("--profile", options.profile,
                   "One more call, timed operator by operator: the longest of each stage");
  command
      .add_option("--json", json,
                  "Write the numbers as JSON to this file, or to standard output without a name")
      ->expected(0, 1);
}

void check(const BenchOptions& options) {
  const auto side_fits = [](std::int64_t side) { return side >= 16 && side % 4 == 0; };
  if (!side_fits(options.width) || !side_fits(options.height)) {
    throw Error(ExitCode::usage,
                fmt::format("--width and --height: {}x{} will not do; choose multiples of 4 from "
                            "16 up",
                            options.width, options.height));
  }
  if (options.frames < 1 || options.frames % 4 != 1) {
    throw Error(ExitCode::usage,
                fmt::format("--frames: {} is not 4n+1; choose 1, 5, 9, ...", options.frames));
  }
  if (options.repeat < 1) throw Error(ExitCode::usage, "--repeat: choose 1 or more");
}

}  // namespace

std::optional<BenchOptions> parse_bench_options(int argc, char** argv) {
  CLI::App app("Measures OASIS on this machine.");
  app.set_version_flag("--version", version());
  app.require_subcommand(1);
  app.footer(kExamples);
  BenchOptions options;
  std::string json;
  std::string routed;
  CLI::App* command = app.add_subcommand(
      "model", "time of each stage (projector, DiT, decoder) and its share of the machine's rate");
  command->footer(kExamples);
  app.add_subcommand("attention", "time of the global, intra-frame and window groups");
  app.add_subcommand("train-step", "time and memory of one training step, part by part");
#ifdef OASIS_WITH_MEDIA
  app.add_subcommand("degrade", "time of the degradation pipeline, operator by operator");
#endif
  add_model_options(*command, options, json, routed);
  if (!parse_command_line(app, "oasis-bench", argc, argv)) return std::nullopt;
  if (command->count("--json") > 0) options.json = json;
  read_routed(routed, options);
  check(options);
  return options;
}

}  // namespace oasis::tools
