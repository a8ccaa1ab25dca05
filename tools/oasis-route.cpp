// Finds the head map of a model: options in, one pass over the videos, map and pictures out.

#include <fmt/format.h>
#include <torch/cuda.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "common_loudness.h"
#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/log.h"
#include "oasis/core/memory.h"
#include "oasis/core/program.h"
#include "oasis/core/version.h"
#include "oasis/routing/replace_file.h"
#include "route_options.h"
#include "route_pass.h"
#include "route_report.h"

namespace oasis::tools {
namespace {

/// All CUDA devices for "cuda" without a number, else the one that is named.
std::vector<c10::Device> devices_of(const RouteOptions& options) {
  const auto device = parse_device(options.device);
  if (!device.is_cuda() || device.has_index()) return {device};
  std::vector<c10::Device> all;
  for (c10::DeviceIndex i = 0; i < torch::cuda::device_count(); ++i) {
    all.emplace_back(c10::kCUDA, i);
  }
  return all;
}

std::string hash_if_there(const std::filesystem::path& path) {
  return std::filesystem::exists(path) ? model::file_hash(path) : "";
}

/// Everything that the scores of one video depend on beside the video itself.
std::string fingerprint(const RouteOptions& options, const routing::RoutingModelOptions& model,
                        const model::ModelDescription& about, const std::string& weights) {
  const auto& clip = options.clip;
  const auto& window = model.scores.window;
  nlohmann::ordered_json json = {
      {"version", version()},
      {"transformer", weights},
      {"projector", hash_if_there(routing::part_file(options.model, "projector", options.on_base))},
      {"encoder", options.on_base ? hash_if_there(options.model / "vae_encoder.safetensors") : ""},
      {"prompt", hash_if_there(options.model / "empty_prompt.safetensors")},
      {"on_base", options.on_base},
      {"timestep", about.timestep},
      {"window", {window.frames, window.rows, window.cols}},
      {"eps", options.eps},
      {"frames", clip.frames},
      {"crop", {clip.crop_width, clip.crop_height}},
      {"lq", clip.lq},
      {"device", model.device.is_cuda() ? "cuda" : "cpu"},
      {"precision", precision_name(model.precision)}};
  if (clip.pipeline) {
    json["degradation"] = {options.degradation, hash_if_there(options.degradation), options.seed};
  }
  return json.dump();
}

nn::HeadMap make_map(const RouteOptions& options, const nn::AttentionWindow& window,
                     const routing::HeadScores& scores, const RoutePass& pass) {
  nn::HeadMap map;
  map.window = window;
  map.rho = options.rho;
  map.score = to_string(options.score);
  map.videos = static_cast<std::int64_t>(pass.used.size());
  map.layers = routing::assign(scores, options.score, options.rho);
  return map;
}

/// The statistics of video `i` of a pass; they were there a moment ago.
routing::HeadScores scores_of(const routing::StatisticsStore& store, const RouteVideo& video) {
  auto found = store.find(video.name, video.bytes);
  if (!found) throw Error(fmt::format("the statistics of {} have vanished", video.name));
  return std::move(found->scores);
}

routing::HeadScores mean_scores(const routing::StatisticsStore& store, const RoutePass& pass) {
  routing::MeanScores mean;
  for (const auto& video : pass.used) mean.add(scores_of(store, video));
  return mean.mean();
}

void measure_stability(const RouteOptions& options, const routing::StatisticsStore& store,
                       RouteReport& report) {
  if (options.stability == 0) return;
  const auto& used = report.pass.used;
  report.stability = routing::measure_stability(
      static_cast<std::int64_t>(used.size()),
      [&](std::int64_t i) { return scores_of(store, used[static_cast<std::size_t>(i)]); },
      options.stability, options.seed, options.score, options.rho, report.map.layers);
}

void warn_of_random_weights(const model::ModelDescription& about, bool on_base) {
  if (about.trained || on_base) return;
  log::warn("{} says that it is not trained: its map says little about a trained model",
            about.name);
}

int route(const RouteOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const auto devices = devices_of(options);
  const auto precision = parse_precision(options.precision, devices.front());
  keep_freed_memory();
  set_threads(options.threads);
  const auto about = model::read_model_description(options.model);
  warn_of_random_weights(about, options.on_base);
  const auto videos = list_videos(options.videos);
  routing::RoutingModelOptions model_options{
      devices.front(), precision, options.on_base, {about.window, options.eps}};
  routing::check_score_options(model_options.scores);
  const auto weights = model::file_hash(routing::part_file(options.model, "dit", options.on_base));
  const routing::StatisticsStore store(options.out / "statistics",
                                       fingerprint(options, model_options, about, weights));

  RouteReport report;
  report.latent_source = to_string(routing::latent_source(options.model, options.on_base));
  log::info("{} on {} of {} videos, all heads global, from the {}", about.name,
            std::min<std::int64_t>(options.count, static_cast<std::int64_t>(videos.size())),
            videos.size(), report.latent_source);
  report.pass = run_pass(
      videos, {options.count, options.seed, options.clip, options.threads}, devices,
      [&](c10::Device device) {
        auto on_device = model_options;
        on_device.device = device;
        return routing::RoutingModel::load(options.model, on_device);
      },
      store);
  if (report.pass.used.empty()) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("none of the videos of {} can be used", options.videos.string()));
  }
  throw_if_interrupted();

  report.scores = mean_scores(store, report.pass);
  report.comparison = routing::compare_scores(report.scores, options.rho);
  report.map = make_map(options, about.window, report.scores, report.pass);
  const auto list = options.out / "videos.txt";
  routing::replace_file(list, videos_text(report.pass));
  report.map.videos_hash = model::file_hash(list);
  report.map.model = weights;
  measure_stability(options, store, report);
  write_results(options.out, report, options.score);

  report.model_name = about.name;
  report.device = options.device;
  report.precision = precision_name(precision);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  log_report(report, options.out);
  if (options.json) write_json_report(report, options, *options.json);
  return static_cast<int>(ExitCode::done);
}

int run(int argc, char** argv) {
  const auto options = parse_route_options(argc, argv);
  if (!options) return 0;
  set_loudness(options->quiet, options->verbose);
  install_interrupt_handlers();
  return route(*options);
}

}  // namespace
}  // namespace oasis::tools

int main(int argc, char** argv) {
  return oasis::run_program([&] { return oasis::tools::run(argc, argv); },
                            "choose a smaller --crop or fewer --frames");
}
