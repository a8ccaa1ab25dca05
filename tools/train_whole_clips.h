#pragma once

#include <filesystem>

#include "oasis/train/train_config.h"
#include "train_evaluation_set.h"

namespace oasis::tools {

/// Makes an evaluation set from the videos of `data.train`: `folder/hq/NAME.mkv`, 8-bit and cut to
/// multiples of 4 pixels at the right and the bottom, and `folder/lq/seed<n>/NAME.mkv`, degraded as
/// a whole and a quarter of the size; FFV1 in RGB, hence exact. `set.json` says what was drawn. A
/// variant depends on (seed, stage, degradation, name, n) alone. Files that are there are kept;
/// `oasis::Error` (usage) if they are of another clip, length or size, or `set.json` says that they
/// were drawn otherwise.
///
/// A clip is held in memory: its 8-bit frames, and the pipeline's between two operators; with
/// `degradation: bicubic` one frame. Returns the exit code: 6 if some of the videos cannot be used.
int write_whole_clips(const std::filesystem::path& folder, const train::TrainConfig& config,
                      const WholeClipOptions& options);

}  // namespace oasis::tools
