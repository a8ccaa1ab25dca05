#include "train_source.h"

#include <fmt/format.h>

#include <map>

#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/data/packed_samples.h"
#include "oasis/data/video_source.h"
#include "oasis/degrade/read_options.h"

namespace oasis::tools {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<const data::SampleSource> read_packed(const train::TrainConfig& config) {
  data::PackedOptions options;
  options.frames = config.data.frames;
  options.width = config.data.width;
  options.height = config.data.height;
  options.flip = config.data.flip;
  options.turn = config.data.turn;
  options.seed = config.seed;
  return std::make_shared<data::PackedSource>(config.data.train, options);
}

}  // namespace

data::ClipIndex index_training_set(const train::TrainConfig& config) {
  data::IndexOptions options;
  options.least_width = static_cast<int>(config.data.width);
  options.least_height = static_cast<int>(config.data.height);
  options.stills = config.data.stills != train::StillUse::skip;
  options.pass_hdr = config.data.pass_hdr;
  options.threads = static_cast<int>(config.data.threads);
  fs::create_directories(config.output);
  return data::index_clips(config.data.train, options, config.output / "index.json");
}

std::shared_ptr<const degrade::Pipeline> make_pipeline(const train::DegradationConfig& config) {
  using Kind = train::DegradationConfig::Kind;
  switch (config.kind) {
    case Kind::stage1:
      return std::make_shared<degrade::Pipeline>(degrade::stage_options(1));
    case Kind::stage2:
      return std::make_shared<degrade::Pipeline>(degrade::stage_options(2));
    case Kind::file:
      return std::make_shared<degrade::Pipeline>(degrade::load_options(config.file));
    case Kind::bicubic:
      break;
  }
  return nullptr;
}

std::shared_ptr<const data::SampleSource> make_source(const train::TrainConfig& config) {
  if (!data::packed_shards(config.data.train).empty()) {
    auto packed = read_packed(config);
    log::info("{} packed samples", packed->epoch_size());
    return packed;
  }
  data::ClipIndex index = index_training_set(config);
  log::info("{} clips to train on, {} files left out", index.clips.size(), index.problems.size());
  data::VideoSource::Options options;
  options.crop.frames = static_cast<int>(config.data.frames);
  options.crop.width = static_cast<int>(config.data.width);
  options.crop.height = static_cast<int>(config.data.height);
  options.crop.shrink = config.data.shrink;
  options.crop.margin = config.data.margin;
  options.crop.extra_frames = static_cast<int>(config.data.extra_frames);
  options.crop.flip = config.data.flip;
  options.crop.turn = config.data.turn;
  options.crop.still_motion = config.data.stills == train::StillUse::motion;
  options.seed = config.seed;
  options.stage = config.stage;
  return std::make_shared<data::VideoSource>(std::move(index), options,
                                             make_pipeline(config.degradation));
}

int check_data(const train::TrainConfig& config) {
  const data::ClipIndex index = index_training_set(config);
  std::map<data::ClipProblem::Kind, int> counts;
  for (const auto& problem : index.problems) {
    fmt::print("{:<10}  {}  ({})\n", data::to_string(problem.kind), problem.path.string(),
               problem.detail);
    ++counts[problem.kind];
  }
  std::int64_t frames = 0;
  int stills = 0;
  for (const auto& clip : index.clips) {
    frames += clip.still ? 0 : clip.frames;
    stills += clip.still ? 1 : 0;
  }
  fmt::print("usable: {} videos with {} frames, {} photos\n",
             index.clips.size() - static_cast<std::size_t>(stills), frames, stills);
  for (const auto& [kind, count] : counts) fmt::print("{}: {}\n", data::to_string(kind), count);
  if (index.clips.empty()) {
    throw Error(ExitCode::usage,
                fmt::format("{}: nothing to train on", config.data.train.string()));
  }
  return static_cast<int>(index.problems.empty() ? ExitCode::done : ExitCode::batch_partly_failed);
}

}  // namespace oasis::tools
