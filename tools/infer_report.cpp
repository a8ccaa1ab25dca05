#include "infer_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/core/progress.h"
#include "oasis/core/version.h"
#include "oasis/infer/memory_plan.h"

namespace oasis::tools {

namespace {

bool has_stages(const infer::StageTimes& times) {
  return times.project + times.dit + times.decode > 0;
}

/// Tiles, overlaps and resizing: what of the model's thread is none of the model's stages.
double blend_seconds(const infer::StageTimes& times) {
  return std::max(0.0, times.model - times.project - times.dit - times.decode);
}

nlohmann::ordered_json stage_seconds(const infer::StageTimes& times) {
  nlohmann::ordered_json json = {{"read", times.read}, {"model", times.model}};
  if (has_stages(times)) {
    json["project"] = times.project;
    json["dit"] = times.dit;
    json["decode"] = times.decode;
    json["blend"] = blend_seconds(times);
  }
  json["write"] = times.write;
  json["wall"] = times.wall;
  return json;
}

}  // namespace

double megapixels_per_second(const infer::UpscaleReport& run) {
  const double pixels = static_cast<double>(run.frames) * static_cast<double>(run.output.width) *
                        static_cast<double>(run.output.height);
  return pixels / 1e6 / std::max(run.times.wall, 1e-9);
}

void log_report(const InferReport& report) {
  const auto& run = report.run;
  const auto& times = run.times;
  const double wall = std::max(times.wall, 1e-9);
  log::info("{}: {} frames of {}x{} in {}{}", report.output, run.frames, run.output.width,
            run.output.height, format_duration(times.wall),
            run.skipped > 0 ? fmt::format(", and {} done before", run.skipped) : "");
  log::info("  stage      seconds   busy");
  const auto row = [&](const char* stage, double seconds) {
    log::info("  {:<8} {:>9.2f} {:>5.0f}%", stage, seconds, 100 * seconds / wall);
  };
  row("read", times.read);
  if (has_stages(times)) {
    row("project", times.project);
    row("DiT", times.dit);
    row("decode", times.decode);
    row("blend", blend_seconds(times));
  } else {
    row("model", times.model);
  }
  row("write", times.write);
  row("all", times.wall);
  log::info("  {:.2f} output megapixels/s, peak memory {:.2f} GiB", megapixels_per_second(run),
            static_cast<double>(infer::peak_memory()) / (1LL << 30));
}

void write_json_report(const InferReport& report, const std::string& file) {
  const auto& run = report.run;
  const nlohmann::ordered_json json = {{"program", "oasis-infer"},
                                       {"version", version()},
                                       {"input", report.input},
                                       {"output", report.output},
                                       {"model", report.model},
                                       {"device", report.device},
                                       {"precision", report.precision},
                                       {"codec", report.codec},
                                       {"source_size", {report.source.width, report.source.height}},
                                       {"output_size", {run.output.width, run.output.height}},
                                       {"frames", run.frames},
                                       {"frames_done_before", run.skipped},
                                       {"chunks", run.chunks},
                                       {"scene_cuts", run.scene_cuts},
                                       {"tiles", run.tiles},
                                       {"seconds", stage_seconds(run.times)},
                                       {"output_megapixels_per_second", megapixels_per_second(run)},
                                       {"peak_memory_bytes", infer::peak_memory()},
                                       {"damaged", report.damaged},
                                       {"warnings", report.warnings}};
  const auto handler = nlohmann::ordered_json::error_handler_t::replace;
  const std::string text = json.dump(2, ' ', false, handler) + "\n";
  if (file.empty()) {
    std::fputs(text.c_str(), stdout);
    return;
  }
  std::ofstream stream(file);
  stream << text;
  stream.close();
  if (!stream) throw Error(fmt::format("--json: {} cannot be written", file));
}

}  // namespace oasis::tools
