#include "train_whole_clips.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/core/progress.h"
#include "oasis/core/version.h"
#include "oasis/data/clip_index.h"

namespace oasis::tools {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kLeastSide = 64;  // of HQ: 16 pixels of LQ

/// What an evaluation set calls its clips: the file's stem, or the path below the set's folder
/// where two files have the same stem.
std::vector<std::string> names_of(const std::vector<data::Clip>& clips, const fs::path& root) {
  std::map<std::string, int> uses;
  for (const auto& clip : clips) ++uses[clip.path.stem().string()];
  std::vector<std::string> names;
  for (const auto& clip : clips) {
    std::string name = clip.path.stem().string();
    if (uses[name] > 1) {
      const fs::path below = clip.path.lexically_relative(root);
      name = below.parent_path().empty() ? below.filename().string()
                                         : (below.parent_path() / below.filename()).string();
      std::replace_if(
          name.begin(), name.end(), [](char c) { return c == '/' || c == '.'; }, '_');
    }
    names.push_back(name);
  }
  return names;
}

/// Clips taken one after the other by several threads.
class ClipQueue {
 public:
  ClipQueue(const EvaluationSet& set, const std::vector<data::Clip>& clips, const fs::path& root)
      : set_(set),
        clips_(clips),
        names_(names_of(clips, root)),
        entries_(clips.size()),
        progress_("degrading", "clips", static_cast<std::int64_t>(clips.size())) {}

  void run(int threads) {
    for (std::size_t i = 0; i < clips_.size(); ++i) set_.check_list(clips_[i], names_[i]);
    std::vector<std::thread> workers;
    for (int i = 0; i < threads; ++i) workers.emplace_back([this] { work(); });
    for (auto& worker : workers) worker.join();
    if (failure_) std::rethrow_exception(failure_);
    progress_.finish();
  }

  /// Of the clips that could be made, in order.
  Json entries() const {
    Json all = Json::array();
    for (const Json& entry : entries_) {
      if (!entry.is_null()) all.push_back(entry);
    }
    return all;
  }
  std::size_t unusable() const { return unusable_; }

 private:
  void work() {
    for (std::size_t i = next_++; i < clips_.size(); i = next_++) {
      try {
        entries_[i] = set_.make(clips_[i], names_[i]);
      } catch (const Error& error) {
        if (error.code() != ExitCode::unreadable_input) return fail();
        log::warn("left out: {}", error.what());
        ++unusable_;
      } catch (...) {
        return fail();
      }
      const std::lock_guard lock(mutex_);
      progress_.update(++done_);
    }
  }

  void fail() {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
    next_ = clips_.size();
  }

  const EvaluationSet& set_;
  const std::vector<data::Clip>& clips_;
  std::vector<std::string> names_;
  std::vector<Json> entries_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::size_t> unusable_ = 0;
  std::mutex mutex_;
  std::int64_t done_ = 0;
  std::exception_ptr failure_;
  Progress progress_;
};

void write_list(const fs::path& path, const train::TrainConfig& config, const Json& entries) {
  const Json json = {{"program", version()},
                     {"seed", config.seed},
                     {"stage", config.stage},
                     {"config", config.text},
                     {"clips", entries}};
  const fs::path part = path.string() + ".part";
  std::ofstream stream(part);
  stream << json.dump(1) << '\n';
  stream.close();
  std::error_code error;
  if (stream) fs::rename(part, path, error);
  if (!stream || error) {
    throw Error(ExitCode::failed, fmt::format("{}: cannot be written", path.string()));
  }
}

}  // namespace

int write_whole_clips(const fs::path& folder, const train::TrainConfig& config,
                      const WholeClipOptions& options) {
  if (config.degradation.kind == train::DegradationConfig::Kind::bicubic && options.seeds > 1) {
    throw Error(ExitCode::usage, "--seeds: degradation: bicubic draws nothing, one will do");
  }
  data::IndexOptions indexing;
  indexing.least_width = kLeastSide;
  indexing.least_height = kLeastSide;
  indexing.least_frames = 1;
  indexing.stills = false;
  indexing.pass_hdr = config.data.pass_hdr;
  indexing.threads = static_cast<int>(config.data.threads);
  fs::create_directories(folder);
  const data::ClipIndex index =
      data::index_clips(config.data.train, indexing, folder / "index.json");
  for (const auto& problem : index.problems) {
    log::warn("left out: {}: {} ({})", problem.path.string(), data::to_string(problem.kind),
              problem.detail);
  }
  if (index.clips.empty()) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: no video can be used", config.data.train.string()));
  }
  const EvaluationSet set(folder, config, options);
  ClipQueue queue(set, index.clips, config.data.train);
  queue.run(static_cast<int>(config.data.threads));
  write_list(folder / "set.json", config, queue.entries());
  log::info("{} clips with {} variants in {}", queue.entries().size(), options.seeds,
            folder.string());
  const bool all = index.problems.empty() && queue.unusable() == 0;
  return static_cast<int>(all ? ExitCode::done : ExitCode::batch_partly_failed);
}

}  // namespace oasis::tools
