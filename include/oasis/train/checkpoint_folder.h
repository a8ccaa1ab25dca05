#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "oasis/checkpoint/state_dict.h"
#include "oasis/train/comm.h"

namespace oasis::train {

/// Where a run stands: all that a resumed run needs beside the frozen weights.
struct TrainingState {
  std::int64_t step = 0;                      ///< optimizer steps done or skipped
  std::int64_t skipped = 0;                   ///< of them without a finite gradient
  double best_score = -1e9;                   ///< validation PSNR of the best checkpoint so far
  double seconds = 0;                         ///< of training so far
  std::string config;                         ///< the configuration as text
  std::vector<checkpoint::StateDict> shards;  ///< of the optimizer, by rank of the run that saved
};

/// The checkpoints of a run: `<output>/checkpoints/step-00001200/` with `state.json` and one
/// `optimizer-<rank>-of-<world>.safetensors` a rank. A folder of this name is always complete, at
/// whatever moment the process is killed: it is written under another name, flushed to the disk and
/// renamed, and renamed again before it is removed.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(const std::filesystem::path& output);

  /// Every rank gives its own piece as the only shard of `state`; rank 0 writes the rest, renames,
  /// and then removes all but the newest `keep_last`.
  void save(const TrainingState& state, std::int64_t keep_last, Comm& comm) const;

  /// The steps of complete checkpoints, ascending.
  std::vector<std::int64_t> steps() const;

  /// The checkpoint of a step. `oasis::Error` if it is not there or cannot be read.
  TrainingState load(std::int64_t step) const;
  /// The newest checkpoint, or nothing. `oasis::Error` if it cannot be read.
  std::optional<TrainingState> load_newest() const;

 private:
  void remove_surplus(std::int64_t keep_last) const;
  void remove_leftovers() const;
  std::filesystem::path path_of(std::int64_t step) const;
  std::filesystem::path folder_;
};

}  // namespace oasis::train
