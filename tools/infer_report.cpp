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

double megapixels_per_second(const infer::UpscaleReport& run) {
  const double pixels = static_cast<double>(run.frames) * static_cast<double>(run.output.width) *
                        static_cast<double>(run.output.height);
  return pixels / 1e6 / std::max(run.times.wall, 1e-9);
}

void log_report(const InferReport& report) {
  const auto& run = report.run;
  const auto& times = run.times;
  const double wall = std::max(times.wall, 1e-9);
  log::info("{}: {} frames of {}x{} in {}", report.output, run.frames, run.output.width,
            run.output.height, format_duration(times.wall));
  log::info("  stage      seconds   busy");
  const auto row = [&](const char* stage, double seconds) {
    log::info("  {:<8} {:>9.2f} {:>5.0f}%", stage, seconds, 100 * seconds / wall);
  };
  row("read", times.read);
  row("model", times.model);
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
                                       {"chunks", run.chunks},
                                       {"scene_cuts", run.scene_cuts},
                                       {"tiles", run.tiles},
                                       {"seconds",
                                        {{"read", run.times.read},
                                         {"model", run.times.model},
                                         {"write", run.times.write},
                                         {"wall", run.times.wall}}},
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
