#include "route_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "common_options.h"
#include "oasis/core/error.h"
#include "oasis/core/version.h"
#include "oasis/degrade/read_options.h"

namespace oasis::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  oasis-route --model oasis-wan --videos HQ-VSR --out routing --on-base --device cuda
      The head map of a freshly converted model from 50 random videos.
  oasis-route --model oasis-wan --videos clips.txt --out routing --stability 20
      The same for the listed videos; do 20 random subsets of them agree?
  oasis-route --model oasis-wan --videos HQ-VSR --out routing --degrade stage1
      The videos degraded as in the first stage of training.
  oasis-route --model oasis-wan --videos phone/ --out routing --lq --rho 0.3
      Low-quality videos as they are; fewer heads stay global.

Written to the folder of --out: head_map.yaml (copy it into the model folder), scores.csv,
head_map.png, videos.txt, summary.txt, with --stability stability.csv and stability.png; and
statistics/, from which an interrupted run goes on.

Exit status: 0 done, 1 failed, 2 wrong usage, 3 no video can be read, 4 not enough memory,
130 interrupted, 143 terminated.)";

struct RawOptions {
  std::string score = "forward_floor";
  std::string crop = "640x320";
  std::string json;
};

void add_options(CLI::App& app, RouteOptions& options, RawOptions& raw) {
  app.add_option("--model", options.model, "Model folder")->required();
  app.add_option("--videos", options.videos,
                 "Folder of videos, text file with one path per line, or one video")
      ->required();
  app.add_option("--out", options.out, "Folder for the results")->required();
  app.add_option("--count", options.count, "Videos to look at (default 50), a random choice")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--rho", options.rho, "Share of heads that stay global (default 0.4)")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--seed", options.seed, "Of the choice of videos and subsets (default 0)");
  app.add_flag("--on-base", options.on_base,
               "Base weights: start from the Wan encoder's latents of bicubic x4, or from an "
               "initialised projector");
  app.add_option("--stability", options.stability,
                 "Compare the maps of this many random subsets of the videos")
      ->check(CLI::Range(2, 1000));
  app.add_option("--score", raw.score,
                 "What decides: forward_floor (default), reverse or leaked_mass");
  app.add_option("--eps", options.eps, "Floor of forward_floor (default 1e-8)");
  auto* lq = app.add_flag("--lq", options.clip.lq,
                          "The videos are low-quality already (default: antialiased bicubic / 4)");
  app.add_option("--degrade", options.degradation,
                 "What makes low quality of high: bicubic (default), stage1 or stage2 as in "
                 "training, or a file with a 'degradation' block; --seed draws")
      ->excludes(lq);
  app.add_option("--crop", raw.crop,
                 "Largest size in pixels of the high-quality picture that is looked at, in its "
                 "centre, turned for portrait (default 640x320, as in training); this bounds "
                 "memory. With --lq a quarter of it");
  app.add_option("--frames", options.clip.frames, "Frames of each clip, 4n+1 (default 17)");
  app.add_option("--device", options.device, "cpu, cuda (all of them) or cuda:N (default cpu)");
  add_precision_option(app, options.precision);
  add_threads_option(app, options.threads);
  add_loudness_options(app, options.quiet, options.verbose);
  add_json_option(app, raw.json, "Report");
  app.set_version_flag("--version", "oasis-route " + version());
  app.footer(kExamples);
}

// None for bicubic. Sets the stage of the draws.
std::shared_ptr<const degrade::Pipeline> pipeline_of(const std::string& name,
                                                     std::uint32_t& stage) {
  if (name == "bicubic") return nullptr;
  if (name == "stage1" || name == "stage2") {
    stage = name == "stage1" ? 1 : 2;
    return std::make_shared<degrade::Pipeline>(degrade::stage_options(static_cast<int>(stage)));
  }
  if (!std::filesystem::exists(name)) {
    throw Error(ExitCode::usage,
                fmt::format("--degrade: '{}' is none of bicubic, stage1, stage2, and there is no "
                            "such file",
                            name));
  }
  return std::make_shared<degrade::Pipeline>(degrade::load_options(name));
}

void interpret(const RawOptions& raw, RouteOptions& options) {
  options.score = routing::score_from(raw.score);
  auto& clip = options.clip;
  clip.seed = options.seed;
  clip.pipeline = pipeline_of(options.degradation, clip.stage);
  int length = 0;
  const bool read = std::sscanf(raw.crop.c_str(), "%5ldx%5ld%n", &clip.crop_width,
                                &clip.crop_height, &length) == 2;
  if (!read || static_cast<std::size_t>(length) != raw.crop.size() || clip.crop_width < 64 ||
      clip.crop_height < 64) {
    throw Error(
        ExitCode::usage,
        fmt::format("--crop: \"{}\" is not WxH of at least 64x64, for example 640x320", raw.crop));
  }
  if (clip.frames < 1 || clip.frames % 4 != 1) {
    throw Error(ExitCode::usage,
                fmt::format("--frames: {} is not of the form 4n+1, for example 17", clip.frames));
  }
}

}  // namespace

std::optional<RouteOptions> parse_route_options(int argc, char** argv) {
  RouteOptions options;
  RawOptions raw;
  CLI::App app("Finds out which attention heads of a model need to see the whole clip.",
               "oasis-route");
  add_options(app, options, raw);
  if (!parse_command_line(app, "oasis-route", argc, argv)) return std::nullopt;
  if (app.count("--json") > 0) options.json = raw.json;
  interpret(raw, options);
  return options;
}

}  // namespace oasis::tools
