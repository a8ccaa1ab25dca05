#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench_attention.h"
#include "common_options.h"
#include "oasis/core/error.h"
#include "oasis/core/version.h"

namespace oasis::tools {
namespace {

using Json = nlohmann::ordered_json;
using Extents = std::vector<std::int64_t>;

constexpr double kGiga = 1e9;
constexpr double kMega = 1e6;
constexpr const char* kExamples = R"(Examples:
  oasis-bench attention
      12 heads of 128 of each kind on the grid of 33 frames of 720p, fp32 on the CPU.
  oasis-bench attention --grid 5 20 40 --backward --json attention.json
      The grid of a training clip, with gradients; the numbers go to a file as well.
  oasis-bench attention --device cuda --grid 27 45 80 --repeat 20

FLOP are those of the pairs of a query and a key that it sees: 4 x head dim each. A dense group
that would take too long is timed on some of its queries and scaled up; the table says so.

Exit status: 0 done, 1 failed, 2 wrong usage, 4 not enough memory.)";

std::optional<AttentionBenchOptions> parse(int argc, char** argv) {
  AttentionBenchOptions options;
  Extents grid = {options.grid.frames, options.grid.rows, options.grid.cols};
  Extents window = {options.window.frames, options.window.rows, options.window.cols};
  std::string json;
  CLI::App app("Measures OASIS on this machine.");
  app.require_subcommand(1);
  auto& command = *app.add_subcommand(
      "attention", "time of the global, intra-frame and window groups of a routed layer");
  command.footer(kExamples);
  command.add_option("--grid", grid, "Tokens: frames, rows, columns")
      ->expected(3)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--window", window, "Window: frames, rows, columns, all odd")
      ->expected(3)
      ->capture_default_str();
  command.add_option("--batch", options.batch, "Clips")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--heads", options.heads, "Heads of each group")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--head-dim", options.head_dim, "Channels of a head")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--device", options.device, "cpu, cuda or cuda:N")->capture_default_str();
  command.add_option("--precision", options.precision,
                     "fp32, bf16 or fp16 (default: fp32 on the CPU, bf16 on CUDA)");
  command.add_option("--threads", options.threads, "CPU threads (default: all)")
      ->check(CLI::PositiveNumber);
  command.add_option("--repeat", options.repeat, "Timed calls")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      .add_option("--dense-seconds", options.dense_seconds,
                  "About how long each of the two dense groups may take")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_flag("--backward", options.backward, "Time the gradients too");
  command
      .add_option("--json", json,
                  "Write the numbers as JSON to this file, or to standard output without a name")
      ->expected(0, 1);
  if (!parse_command_line(app, "oasis-bench attention", argc, argv)) return std::nullopt;
  options.grid = {grid[0], grid[1], grid[2]};
  options.window = {window[0], window[1], window[2]};
  if (command.count("--json") > 0) options.json = json;
  return options;
}

/// How much faster than the same heads as global ones.
double gain(const AttentionTime& time, const AttentionTime& global) {
  return global.seconds.median / time.seconds.median;
}

void print_row(const std::string& name, const AttentionTime& time, const AttentionTime& global,
               const MachineRates& rates) {
  fmt::print(
      "{:<16} {:>10.4f} {:>10.4f} {:>10.4f} {:>11.2f} {:>9.1f} {:>6.1f}% {:>8.1f} {:>9.2f}{}\n",
      name, time.seconds.median, time.seconds.min, time.seconds.max, time.flops / kGiga,
      time.rate() / kGiga, 100 * time.rate() / rates.gemm, gain(time, global),
      static_cast<double>(time.temporary) / kMega,
      time.share < 1 ? fmt::format("  scaled from {:.1f}% of the queries", 100 * time.share) : "");
}

void print(const AttentionBenchOptions& options, const AttentionBenchResult& result) {
  const auto& g = options.grid;
  const auto& w = options.window;
  fmt::print(
      "{} heads of {} on {} x {} x {} = {} tokens, window {} x {} x {}, batch {}, {} on {}, "
      "{} threads, {} repeats\n",
      options.heads, options.head_dim, g.frames, g.rows, g.cols, g.count(), w.frames, w.rows,
      w.cols, options.batch, result.precision, options.device, result.threads, options.repeat);
  fmt::print("machine: gemm 2048^3 {:.1f} GFLOP/s\n", result.rates.gemm / kGiga);
  fmt::print("{:<16} {:>10} {:>10} {:>10} {:>11} {:>9} {:>7} {:>8} {:>9}\n", "group", "median s",
             "min s", "max s", "GFLOP", "GFLOP/s", "of gemm", "x global", "temp. MB");
  const auto& global = result.groups.front();
  for (const auto& group : result.groups) {
    print_row(nn::to_string(group.kind), group.forward, global.forward, result.rates);
  }
  for (const auto& group : result.groups) {
    if (!group.backward) continue;
    print_row(nn::to_string(group.kind) + " backward", *group.backward, *global.backward,
              result.rates);
  }
}

Json time_json(const AttentionTime& time, const AttentionTime& global, const MachineRates& rates) {
  return {{"median_seconds", time.seconds.median},
          {"min_seconds", time.seconds.min},
          {"max_seconds", time.seconds.max},
          {"timed_share_of_queries", time.share},
          {"gflop", time.flops / kGiga},
          {"gflop_per_second", time.rate() / kGiga},
          {"share_of_gemm", time.rate() / rates.gemm},
          {"times_faster_than_global", gain(time, global)},
          {"temporary_bytes", time.temporary}};
}

Json to_json(const AttentionBenchOptions& options, const AttentionBenchResult& result) {
  const auto& g = options.grid;
  const auto& w = options.window;
  Json groups;
  const auto& global = result.groups.front();
  for (const auto& group : result.groups) {
    Json entry = {{"pairs_per_head", group.pairs},
                  {"forward", time_json(group.forward, global.forward, result.rates)}};
    if (group.backward) {
      entry["backward"] = time_json(*group.backward, *global.backward, result.rates);
    }
    groups[nn::to_string(group.kind)] = entry;
  }
  return {{"program", "oasis-bench attention"},
          {"version", version()},
          {"libtorch", torch_version()},
          {"grid", {g.frames, g.rows, g.cols}},
          {"window", {w.frames, w.rows, w.cols}},
          {"batch", options.batch},
          {"heads", options.heads},
          {"head_dim", options.head_dim},
          {"device", options.device},
          {"precision", result.precision},
          {"threads", result.threads},
          {"repeat", options.repeat},
          {"machine", {{"gemm_gflop_per_second", result.rates.gemm / kGiga}}},
          {"groups", groups}};
}

void write(const std::string& text, const std::string& file) {
  if (file.empty()) {
    fmt::print("{}", text);
    return;
  }
  std::ofstream out(file);
  out << text;
  if (!out.flush()) throw Error(fmt::format("{}: the report cannot be written", file));
}

}  // namespace

int run_bench_attention(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) return 0;
  const auto result = bench_attention(*options);
  if (!options->json || !options->json->empty()) print(*options, result);
  if (options->json) write(to_json(*options, result).dump(2) + "\n", *options->json);
  return 0;
}

}  // namespace oasis::tools
