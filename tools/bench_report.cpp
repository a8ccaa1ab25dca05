#include "bench_report.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "oasis/core/error.h"
#include "oasis/core/version.h"

namespace oasis::tools {
namespace {

constexpr double giga = 1e9;

void print_row(const StageResult& stage, const MachineRates& rates) {
  const double rate = stage.flops_per_second();
  fmt::print("{:<8} {:>9.4f} {:>9.4f} {:>9.4f} {:>9.4f} {:>11.3f} {:>9.1f} {:>6.1f}% {:>6.1f}%\n",
             stage.name, stage.first, stage.seconds.median, stage.seconds.min, stage.seconds.max,
             2 * stage.macs / giga, rate / giga, 100 * rate / rates.gemm, 100 * rate / rates.conv);
}

/// The operators that take at least 0.5% of the stage; the rest in one line.
void print_profile(const StageResult& stage) {
  constexpr double least_share = 0.005;
  if (stage.profile.empty()) return;
  double sum = 0, others = 0;
  for (const auto& time : stage.profile) sum += time.seconds;
  fmt::print("\n{} by operator, {:.4f} s\n", stage.name, sum);
  for (const auto& time : stage.profile) {
    if (time.seconds < least_share * sum) {
      others += time.seconds;
      continue;
    }
    fmt::print("{:>9.4f} s {:>6.1f}% {:>6} x {}\n", time.seconds, 100 * time.seconds / sum,
               time.calls, time.name);
  }
  fmt::print("{:>9.4f} s {:>6.1f}%          all others\n", others, 100 * others / sum);
}

nlohmann::ordered_json profile_json(const std::vector<OperatorTime>& profile) {
  auto rows = nlohmann::ordered_json::array();
  for (const auto& time : profile) {
    rows.push_back({{"name", time.name}, {"calls", time.calls}, {"seconds", time.seconds}});
  }
  return rows;
}

nlohmann::ordered_json stage_json(const StageResult& stage, const MachineRates& rates) {
  const double rate = stage.flops_per_second();
  nlohmann::ordered_json json = {
      {"first_seconds", stage.first},       {"median_seconds", stage.seconds.median},
      {"min_seconds", stage.seconds.min},   {"max_seconds", stage.seconds.max},
      {"gflop", 2 * stage.macs / giga},     {"gflop_per_second", rate / giga},
      {"share_of_gemm", rate / rates.gemm}, {"share_of_conv", rate / rates.conv}};
  if (!stage.profile.empty()) json["profile"] = profile_json(stage.profile);
  return json;
}

}  // namespace

void print_result(const BenchOptions& options, const BenchResult& result) {
  fmt::print(
      "{} ({} decoder, {} DiT blocks), {} frames of {}x{}, {} on {}, {} threads, {} repeats\n",
      result.model, result.decoder, result.layers, options.frames, options.width, options.height,
      result.precision, options.device, result.threads, options.repeat);
  fmt::print("machine: gemm 2048^3 {:.1f} GFLOP/s, conv3d 3x3x3 192 channels {:.1f} GFLOP/s\n",
             result.rates.gemm / giga, result.rates.conv / giga);
  fmt::print("{:<8} {:>9} {:>9} {:>9} {:>9} {:>11} {:>9} {:>7} {:>7}\n", "stage", "first s",
             "median s", "min s", "max s", "GFLOP", "GFLOP/s", "of gemm", "of conv");
  for (const auto& stage : result.stages) print_row(stage, result.rates);
  print_row(result.all, result.rates);
  fmt::print("DiT GFLOP: linear {:.3f}, self-attention {:.3f}, cross-attention {:.3f}\n",
             2 * result.dit.linears / giga, 2 * result.dit.self_attention / giga,
             2 * result.dit.cross_attention / giga);
  if (result.decoder == "wan_vae") {
    fmt::print(
        "decode GFLOP: of the published form; zero taps of frame 0 are left out, and the\n"
        "upsampling is folded into its convolutions, so fewer are computed\n");
  }
  fmt::print("{:.2f} output megapixels/s\n", result.output_megapixels / result.all.seconds.median);
  for (const auto& stage : result.stages) print_profile(stage);
}

void write_json_result(const BenchOptions& options, const BenchResult& result,
                       const std::string& file) {
  nlohmann::ordered_json stages;
  for (const auto& stage : result.stages) stages[stage.name] = stage_json(stage, result.rates);
  stages["all"] = stage_json(result.all, result.rates);
  const nlohmann::ordered_json json = {
      {"program", "oasis-bench model"},
      {"version", version()},
      {"libtorch", torch_version()},
      {"model", result.model},
      {"decoder", result.decoder},
      {"dit_blocks", result.layers},
      {"lq_size", {options.width, options.height}},
      {"frames", options.frames},
      {"device", options.device},
      {"precision", result.precision},
      {"threads", result.threads},
      {"repeat", options.repeat},
      {"machine",
       {{"gemm_gflop_per_second", result.rates.gemm / giga},
        {"conv_gflop_per_second", result.rates.conv / giga}}},
      {"stages", stages},
      {"dit_gflop",
       {{"linear", 2 * result.dit.linears / giga},
        {"self_attention", 2 * result.dit.self_attention / giga},
        {"cross_attention", 2 * result.dit.cross_attention / giga}}},
      {"output_megapixels_per_second", result.output_megapixels / result.all.seconds.median}};
  const std::string text = json.dump(2) + "\n";
  if (file.empty()) {
    fmt::print("{}", text);
    return;
  }
  std::ofstream out(file);
  out << text;
  if (!out.flush()) throw Error(fmt::format("{}: the report cannot be written", file));
}

}  // namespace oasis::tools
