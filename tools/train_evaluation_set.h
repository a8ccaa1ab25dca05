#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "oasis/data/clip_index.h"
#include "oasis/degrade/pipeline.h"
#include "oasis/train/train_config.h"
#include "train_kept_clips.h"

namespace oasis::tools {

struct WholeClipOptions {
  int seeds = 1;            ///< variants of each clip
  std::int64_t frames = 0;  ///< of a clip, at most; 0: all
};

/// The folder of an evaluation set (`write_whole_clips`) and how its clips are made. Methods may be
/// called by several threads, each with clips of its own.
class EvaluationSet {
 public:
  /// `config` must outlive it.
  EvaluationSet(std::filesystem::path folder, const train::TrainConfig& config,
                const WholeClipOptions& options);

  /// Throws `oasis::Error` (usage) if the folder has files of this name that its `set.json` says
  /// were made otherwise.
  void check_list(const data::Clip& clip, const std::string& name) const;

  /// Makes what is missing of a clip; returns its entry in `set.json`. Throws `oasis::Error`
  /// (usage) if files of this name that are there are not of this clip.
  nlohmann::ordered_json make(const data::Clip& clip, const std::string& name) const;

 private:
  std::int64_t count_of(const data::Clip& clip) const;
  nlohmann::ordered_json listing(const data::Clip& clip, const std::string& name) const;
  std::filesystem::path hq_path(const std::string& name) const;
  std::filesystem::path lq_path(const std::string& name, int seed) const;
  /// Those of the variants to make that are there.
  std::vector<int> kept_variants(const std::string& name) const;
  bool complete(const std::string& name) const;
  void check_files(const data::Clip& clip, const std::string& name) const;
  degrade::Plan plan(const std::string& name, int seed, std::int64_t count) const;
  void write(const data::Clip& clip, const std::string& name) const;

  std::filesystem::path folder_;
  const train::TrainConfig& config_;
  WholeClipOptions options_;
  std::shared_ptr<const degrade::Pipeline> pipeline_;  ///< none: bicubic
  KeptClips kept_;
};

}  // namespace oasis::tools
