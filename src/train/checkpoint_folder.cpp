#include "oasis/train/checkpoint_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/core/version.h"
#include "oasis/train/replace_folder.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr int kFormat = 1;

std::string shard_name(int rank, int world) {
  return fmt::format("optimizer-{}-of-{}.safetensors", rank, world);
}

void write_state(const fs::path& path, const TrainingState& state, int world) {
  const Json json = {
      {"format", kFormat},        {"program", version()},           {"step", state.step},
      {"skipped", state.skipped}, {"best_score", state.best_score}, {"seconds", state.seconds},
      {"shards", world},          {"config", state.config}};
  std::ofstream stream(path);
  stream << json.dump(1) << '\n';
  stream.close();
  if (!stream) throw Error(ExitCode::failed, fmt::format("{}: cannot be written", path.string()));
  flush_to_disk(path);
}

}  // namespace

CheckpointFolder::CheckpointFolder(const fs::path& output) : folder_(output / "checkpoints") {}

fs::path CheckpointFolder::path_of(std::int64_t step) const {
  return folder_ / fmt::format("step-{:08}", step);
}

void CheckpointFolder::save(const TrainingState& state, std::int64_t keep_last, Comm& comm) const {
  const fs::path final_path = path_of(state.step);
  const fs::path part = final_path.string() + ".part";
  if (comm.rank() == 0) {
    fs::remove_all(part);
    fs::create_directories(part);
  }
  comm.barrier();
  const fs::path shard = part / shard_name(comm.rank(), comm.world());
  checkpoint::write_safetensors(shard, state.shards.front());
  flush_to_disk(shard);
  comm.barrier();
  if (comm.rank() == 0) {
    write_state(part / "state.json", state, comm.world());
    flush_to_disk(part);
    replace_folder(part, final_path);
    remove_surplus(keep_last);
    remove_leftovers();
  }
  comm.barrier();
}

// A folder that is being removed has another name, so that one under the name is complete.
void CheckpointFolder::remove_surplus(std::int64_t keep_last) const {
  const auto all = steps();
  const auto surplus = static_cast<std::int64_t>(all.size()) - keep_last;
  for (std::int64_t i = 0; i < surplus; ++i) {
    const fs::path path = path_of(all[static_cast<std::size_t>(i)]);
    fs::rename(path, path.string() + ".old");
  }
}

// What has been replaced, and what processes that were killed left unfinished.
void CheckpointFolder::remove_leftovers() const {
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const fs::path name = entry.path().filename();
    const bool unfinished = name.extension() == ".part" || name.extension() == ".old";
    if (unfinished && name.string().starts_with("step-")) leftovers.push_back(entry.path());
  }
  for (const fs::path& path : leftovers) fs::remove_all(path);
}

std::vector<std::int64_t> CheckpointFolder::steps() const {
  std::vector<std::int64_t> steps;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    std::int64_t step = 0;
    char rest = 0;
    const std::string name = entry.path().filename().string();
    if (std::sscanf(name.c_str(), "step-%ld%c", &step, &rest) == 1) steps.push_back(step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

std::optional<TrainingState> CheckpointFolder::load_newest() const {
  const auto all = steps();
  if (all.empty()) return std::nullopt;
  return load(all.back());
}

TrainingState CheckpointFolder::load(std::int64_t step) const {
  const fs::path folder = path_of(step);
  const fs::path path = folder / "state.json";
  try {
    std::ifstream stream(path);
    const Json json = Json::parse(stream);
    if (json.at("format") != kFormat) {
      throw Error(ExitCode::unreadable_input,
                  fmt::format("{}: written by another version of OASIS ({})", path.string(),
                              json.at("program").get<std::string>()));
    }
    TrainingState state;
    state.step = json.at("step");
    state.skipped = json.at("skipped");
    state.best_score = json.at("best_score");
    state.seconds = json.at("seconds");
    state.config = json.at("config");
    const int world = json.at("shards");
    for (int rank = 0; rank < world; ++rank) {
      state.shards.push_back(checkpoint::load_safetensors(folder / shard_name(rank, world)));
    }
    return state;
  } catch (const Json::exception& error) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: cannot be read ({})", path.string(), error.what()));
  }
}

}  // namespace oasis::train
