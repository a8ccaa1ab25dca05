#include "bench_degrade.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bench_degrade_clip.h"
#include "bench_degrade_plain.h"
#include "common_options.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/version.h"
#include "oasis/degrade/pipeline.h"
#include "oasis/degrade/read_options.h"

namespace oasis::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  oasis-bench degrade
      200 clips of stage 1, 17 frames of 640x320, on one thread; 40 of them with plain operators.
  oasis-bench degrade --whole --draws 40
      27 frames of 960x480, the block that training crops are cut out of.
  oasis-bench degrade --stage 2 --threads 4 --input clip.mp4 --json degrade.json
      Stage 2 on a real clip, four clips at a time; the numbers go to a file as well.)";

struct Options {
  std::filesystem::path config;
  std::filesystem::path input;
  int stage = 1;
  int draws = 200;
  int plain_draws = 40;
  int frames = 17, width = 640, height = 320;
  bool whole = false;
  int threads = 1;
  std::uint64_t seed = 1;
  std::optional<std::string> json;
};

std::optional<Options> parse(int argc, char** argv) {
  CLI::App app("Time of the degradation pipeline, beside the plain operators one by one.",
               "oasis-bench degrade");
  Options options;
  std::string json;
  app.set_version_flag("--version", version());
  auto* config = app.add_option("--config", options.config,
                                "A file with a 'degradation' block (default: that of --stage)");
  app.add_option("--stage", options.stage, "Training stage, 1 or 2 (default 1)")
      ->check(CLI::IsMember({1, 2}))
      ->excludes(config);
  app.add_option("--input", options.input,
                 "A video to take the clip from (default: drifting waves)");
  app.add_option("--draws", options.draws, "Clips")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--plain-draws", options.plain_draws,
                 "How many of them are done with plain operators as well")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  auto* whole = app.add_flag("--whole", options.whole, "27 frames of 960x480, before cropping");
  for (const auto& [name, value] : {std::pair{"--frames", &options.frames},
                                    {"--width", &options.width},
                                    {"--height", &options.height}}) {
    app.add_option(name, *value, "Of the HQ clip")
        ->capture_default_str()
        ->check(CLI::PositiveNumber)
        ->excludes(whole);
  }
  app.add_option("--threads", options.threads, "Clips at a time, each on one thread")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--seed", options.seed, "Of the draws")->capture_default_str();
  app.add_option("--json", json,
                 "Write the numbers as JSON to this file, or to standard output without a name")
      ->expected(0, 1);
  app.footer(kExamples);
  if (!parse_command_line(app, "oasis-bench degrade", argc, argv)) return std::nullopt;
  if (app.count("--json") > 0) options.json = json;
  if (options.whole) {
    options.frames = 27;
    options.width = 960;
    options.height = 480;
  }
  options.plain_draws = std::min(options.plain_draws, options.draws);
  return options;
}

struct Measured {
  std::vector<double> clips;                   ///< seconds of each draw
  std::vector<std::vector<double>> operators;  ///< of each draw, by operator
  double wall = 0;
};

// Each thread takes the next draw; a clip is done by one thread.
Measured measure(const degrade::Pipeline& pipeline, const degrade::Frames& hq,
                 const Options& options) {
  const auto draws = static_cast<std::size_t>(options.draws);
  Measured measured{std::vector<double>(draws), std::vector<std::vector<double>>(draws), 0};
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t draw = next++; draw < draws && pending_signal() == 0; draw = next++) {
      const auto start = std::chrono::steady_clock::now();
      const degrade::SampleKey sample{options.seed, static_cast<std::uint32_t>(options.stage),
                                      draw};
      pipeline.run(hq, pipeline.plan(sample, options.frames), &measured.operators[draw]);
      const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
      measured.clips[draw] = passed.count();
    }
  };
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(options.threads));
  for (std::exception_ptr& failure : failures) {
    threads.emplace_back([&] {
      try {
        work();
      } catch (...) {
        failure = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
  throw_if_interrupted();
  measured.wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return measured;
}

double mean_of(const std::vector<double>& values, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += values[i];
  return count > 0 ? sum / static_cast<double>(count) : 0;
}

double quantile(std::vector<double> values, double level) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(level * static_cast<double>(values.size() - 1))];
}

nlohmann::ordered_json report(const Options& options, const degrade::Pipeline& pipeline,
                              const degrade::Frames& hq, const Measured& measured) {
  const auto plain_draws = static_cast<std::size_t>(options.plain_draws);
  std::vector<double> plain;
  for (std::size_t draw = 0; draw < plain_draws; ++draw) {
    throw_if_interrupted();
    const degrade::SampleKey sample{options.seed, static_cast<std::uint32_t>(options.stage), draw};
    run_plain(pipeline.options(), pipeline.plan(sample, options.frames), hq, plain);
  }
  nlohmann::ordered_json operators;
  double plain_total = 0;
  for (std::size_t op = 0; op < pipeline.options().operators.size(); ++op) {
    std::vector<double> ours;
    for (const auto& seconds : measured.operators) ours.push_back(seconds[op]);
    const double by_plain = plain_draws > 0 ? plain[op] / options.plain_draws : 0;
    plain_total += by_plain;
    operators[pipeline.options().operators[op].name] = {
        {"mean_seconds", mean_of(ours, ours.size())},
        {"mean_seconds_same_draws", mean_of(ours, plain_draws)},
        {"plain_mean_seconds", by_plain}};
  }
  return {{"program", "oasis-bench degrade"},
          {"version", version()},
          {"clip",
           {{"frames", options.frames},
            {"width", options.width},
            {"height", options.height},
            {"content", options.input.empty() ? "waves" : options.input.string()}}},
          {"stage", options.stage},
          {"config", options.config.string()},
          {"draws", options.draws},
          {"plain_draws", options.plain_draws},
          {"threads", options.threads},
          {"mean_seconds", mean_of(measured.clips, measured.clips.size())},
          {"median_seconds", quantile(measured.clips, 0.5)},
          {"seconds_90_percent", quantile(measured.clips, 0.9)},
          {"max_seconds", quantile(measured.clips, 1)},
          {"clips_per_second", options.draws / measured.wall},
          {"mean_seconds_same_draws", mean_of(measured.clips, plain_draws)},
          {"plain_mean_seconds", plain_total},
          {"operators", operators}};
}

void print(const nlohmann::ordered_json& json) {
  const auto& clip = json.at("clip");
  fmt::print("{} clips of {} frames {}x{} ({}), {} at a time\n", json.at("draws").get<int>(),
             clip.at("frames").get<int>(), clip.at("width").get<int>(),
             clip.at("height").get<int>(), clip.at("content").get<std::string>(),
             json.at("threads").get<int>());
  const auto number = [&](const char* key) { return json.at(key).get<double>(); };
  fmt::print("seconds per clip and thread: mean {:.3f}, median {:.3f}, 90 % {:.3f}, max {:.3f}\n",
             number("mean_seconds"), number("median_seconds"), number("seconds_90_percent"),
             number("max_seconds"));
  fmt::print("{:.2f} clips/s\n", number("clips_per_second"));
  const int plain_draws = json.at("plain_draws").get<int>();
  fmt::print("{:<10} {:>9} | the first {} draws: {:>9} {:>9}\n", "operator", "mean s", plain_draws,
             "mean s", "plain s");
  const auto row = [](const std::string& name, double all, double same, double plain) {
    fmt::print("{:<10} {:>9.4f} | {:>29.4f} {:>9.4f}\n", name, all, same, plain);
  };
  for (const auto& [name, op] : json.at("operators").items()) {
    row(name, op.at("mean_seconds"), op.at("mean_seconds_same_draws"), op.at("plain_mean_seconds"));
  }
  row("all", number("mean_seconds"), number("mean_seconds_same_draws"),
      number("plain_mean_seconds"));
}

}  // namespace

int bench_degrade(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) return 0;
  install_interrupt_handlers();
  const degrade::Pipeline pipeline(options->config.empty()
                                       ? degrade::stage_options(options->stage)
                                       : degrade::load_options(options->config));
  const auto hq = options->input.empty()
                      ? make_wave_clip(options->frames, options->height, options->width)
                      : read_clip(options->input, options->frames, options->height, options->width);
  const Measured measured = measure(pipeline, hq, *options);
  const auto json = report(*options, pipeline, hq, measured);
  const bool json_only = options->json && options->json->empty();
  if (!json_only) print(json);
  if (json_only) fmt::print("{}\n", json.dump(2));
  if (options->json && !options->json->empty()) {
    std::ofstream out(*options->json);
    out << json.dump(2) << '\n';
    if (!out.flush()) throw Error(fmt::format("{}: cannot be written", *options->json));
  }
  return 0;
}

}  // namespace oasis::tools
