#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench_train_step.h"
#include "common_options.h"
#include "oasis/core/error.h"
#include "oasis/core/version.h"
#include "oasis/model/oasis_model.h"

namespace oasis::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kGiga = 1e9;
constexpr double kGiB = 1 << 30;
constexpr const char* kExamples = R"(Examples:
  oasis-bench train-step --frames 5 --width 192 --height 192 --batch 2 --micro 2
      The smallest model on the CPU, all its parts trained.
  oasis-bench train-step --size wan-1.3b --device cuda
      A step of stage 1 with random weights: 8 samples of 17 frames of 640x320, one at a time.
  oasis-bench train-step --size wan-1.3b --layers 2 --width 192 --height 128 --frames 5 --batch 1

Pictures and the weights of the helpers (LPIPS, RAFT) are random; their cost is that of the
published ones. The optimizer is that of one process.

Exit status: 0 done, 1 failed, 2 wrong usage, 3 the model cannot be read, 4 not enough memory.)";

void add_options(CLI::App& command, TrainStepOptions& options, std::string& json) {
  auto* folder = command.add_option("--model", options.model, "Model folder");
  command
      .add_option("--size", options.size, "Random weights: nano, tiny or wan-1.3b (default nano)")
      ->check(CLI::IsMember(model::model_sizes()))
      ->excludes(folder);
  command.add_option("--layers", options.layers, "Blocks of the DiT, random weights only")
      ->check(CLI::PositiveNumber)
      ->excludes(folder);
  command.add_option("--frames", options.frames, "Of a sample, 4n+1")->capture_default_str();
  command.add_option("--width", options.width, "HQ pixels, a multiple of 16")
      ->capture_default_str();
  command.add_option("--height", options.height, "HQ pixels, a multiple of 16")
      ->capture_default_str();
  command.add_option("--batch", options.batch, "Samples of a step")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--micro", options.micro, "Samples at a time")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--lpips", options.lpips, "vgg, alex or off")
      ->check(CLI::IsMember({"vgg", "alex", "off"}))
      ->capture_default_str();
  command.add_option("--flow", options.flow, "Flow of the warp loss: raft or off")
      ->check(CLI::IsMember({"raft", "off"}))
      ->capture_default_str();
  command.add_flag("--plan", options.plan_only,
                   "Only the memory plans for cards of 80 and 141 GB; nothing runs");
  command.add_flag("!--no-latent", options.latent, "Without the encoder's targets (eq. 8)");
  command
      .add_option("--recompute", options.recompute,
                  "What is computed again in the backward pass: auto, off, dit or all")
      ->check(CLI::IsMember({"auto", "off", "dit", "all"}))
      ->capture_default_str();
  command.add_option("--device", options.device, "cpu, cuda or cuda:N")->capture_default_str();
  command.add_option("--precision", options.precision,
                     "fp32 or bf16 (default: fp32 on the CPU, bf16 on CUDA)");
  command.add_option("--threads", options.threads, "CPU threads (default: all)")
      ->check(CLI::PositiveNumber);
  command.add_option("--repeat", options.repeat, "Timed micro-batches after the first")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      .add_option("--json", json,
                  "Write the numbers as JSON to this file, or to standard output without a name")
      ->expected(0, 1);
}

void check(const TrainStepOptions& options) {
  if (options.frames < 1 || options.frames % 4 != 1) {
    throw Error(ExitCode::usage,
                fmt::format("--frames: {} is not 4n+1; choose 1, 5, 9, ...", options.frames));
  }
  if (options.width % 16 != 0 || options.height % 16 != 0 || options.width < 64 ||
      options.height < 64) {
    throw Error(ExitCode::usage,
                fmt::format("--width and --height: {}x{} will not do; choose multiples of 16 from "
                            "64 up",
                            options.width, options.height));
  }
  if (options.flow == "raft" && std::min(options.width, options.height) < 128) {
    throw Error(ExitCode::usage,
                "RAFT needs frames of at least 128 pixels: larger frames, or --flow off");
  }
  if (options.batch % options.micro != 0) {
    throw Error(ExitCode::usage, fmt::format("--batch {} is no multiple of --micro {}",
                                             options.batch, options.micro));
  }
}

std::optional<TrainStepOptions> parse(int argc, char** argv) {
  TrainStepOptions options;
  std::string json;
  CLI::App app("Measures OASIS on this machine.");
  app.require_subcommand(1);
  auto& command =
      *app.add_subcommand("train-step", "time and memory of one training step, part by part");
  command.footer(kExamples);
  add_options(command, options, json);
  if (!parse_command_line(app, "oasis-bench train-step", argc, argv)) return std::nullopt;
  if (command.count("--json") > 0) options.json = json;
  check(options);
  return options;
}

double gib(std::int64_t bytes) { return static_cast<double>(bytes) / kGiB; }

std::vector<std::pair<const char*, std::int64_t>> rows_of(const train::MemoryPlan& plan) {
  return {{"weights", plan.weights},
          {"optimizer", plan.optimizer},
          {"gradients", plan.gradients},
          {"helpers", plan.helpers},
          {"DiT", plan.dit},
          {"decoder", plan.decoder},
          {"losses", plan.losses},
          {"work", plan.work}};
}

void print(const TrainStepOptions& options, const TrainStepResult& result) {
  fmt::print("{}, {} samples of {} frames of {}x{}, {} at a time, {} on {}, {} threads\n",
             result.model, options.batch, options.frames, options.width, options.height,
             options.micro, result.precision, options.device, result.threads);
  fmt::print("{} parameters trained, {} frozen; recomputed: {}\n", result.trained, result.frozen,
             result.recompute);
  fmt::print("machine: gemm {:.1f} GFLOP/s, conv3d {:.1f} GFLOP/s\n", result.rates.gemm / kGiga,
             result.rates.conv / kGiga);
  fmt::print("{:<18}{:>7}{:>11}{:>11}{:>11}{:>8}{:>11}{:>10}\n", "part", "calls", "median s",
             "min s", "max s", "share", "GFLOP/s", "peak GiB");
  for (const StepPart& part : result.parts) {
    const double all = static_cast<double>(part.calls) * part.seconds.median;
    const std::string rate =
        part.macs > 0 ? fmt::format("{:.1f}", 2 * part.macs / part.seconds.median / kGiga) : "-";
    fmt::print("{:<18}{:>7}{:>11.4f}{:>11.4f}{:>11.4f}{:>7.1f}%{:>11}{:>10.3f}\n", part.name,
               part.calls, part.seconds.median, part.seconds.min, part.seconds.max,
               100 * all / result.step_seconds, rate, gib(part.peak));
  }
  fmt::print("step {:.3f} s, {:.3f} samples/s; every value finite: {}\n", result.step_seconds,
             result.samples_per_second, result.finite ? "yes" : "NO");
  fmt::print("peak memory {:.3f} GiB, planned {:.3f} GiB:", gib(result.peak),
             gib(result.plan.peak()));
  for (const auto& [name, bytes] : rows_of(result.plan)) {
    fmt::print(" {} {:.3f}{}", name, gib(bytes), name == std::string("work") ? "\n" : ",");
  }
}

void write_json(const TrainStepOptions& options, const TrainStepResult& result) {
  Json parts = Json::array();
  for (const StepPart& part : result.parts) {
    parts.push_back({{"name", part.name},
                     {"calls", part.calls},
                     {"median_seconds", part.seconds.median},
                     {"min_seconds", part.seconds.min},
                     {"max_seconds", part.seconds.max},
                     {"gflop", 2 * part.macs / kGiga},
                     {"peak_bytes", part.peak}});
  }
  Json plan = {{"peak", result.plan.peak()}};
  for (const auto& [name, bytes] : rows_of(result.plan)) plan[name] = bytes;
  const Json json = {{"program", "oasis-bench train-step"},
                     {"version", version()},
                     {"libtorch", torch_version()},
                     {"model", result.model},
                     {"batch", options.batch},
                     {"micro", options.micro},
                     {"frames", options.frames},
                     {"size", {options.width, options.height}},
                     {"device", options.device},
                     {"precision", result.precision},
                     {"recompute", result.recompute},
                     {"threads", result.threads},
                     {"trained_parameters", result.trained},
                     {"frozen_parameters", result.frozen},
                     {"machine",
                      {{"gemm_gflop_per_second", result.rates.gemm / kGiga},
                       {"conv_gflop_per_second", result.rates.conv / kGiga}}},
                     {"parts", parts},
                     {"step_seconds", result.step_seconds},
                     {"samples_per_second", result.samples_per_second},
                     {"finite", result.finite},
                     {"peak_bytes", result.peak},
                     {"plan_bytes", plan}};
  const std::string text = json.dump(2) + "\n";
  if (options.json->empty()) {
    fmt::print("{}", text);
    return;
  }
  std::ofstream out(*options.json);
  out << text;
  if (!out.flush()) throw Error(fmt::format("{}: the report cannot be written", *options.json));
}

}  // namespace

int run_bench_train_step(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) return 0;
  if (options->plan_only) {
    fmt::print("{}", describe_memory(*options));
    return 0;
  }
  const TrainStepResult result = bench_train_step(*options);
  if (!options->json || !options->json->empty()) print(*options, result);
  if (options->json) write_json(*options, result);
  return result.finite ? 0 : static_cast<int>(ExitCode::failed);
}

}  // namespace oasis::tools
