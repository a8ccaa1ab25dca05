#pragma once

#include <memory>

#include "oasis/data/clip_index.h"
#include "oasis/data/sample_source.h"
#include "oasis/degrade/pipeline.h"
#include "oasis/train/train_config.h"

namespace oasis::tools {

/// The index of `data.train`, kept in `<output>/index.json`.
data::ClipIndex index_training_set(const train::TrainConfig& config);

/// The pipeline of a configuration; nothing for `bicubic`.
std::shared_ptr<const degrade::Pipeline> make_pipeline(const train::DegradationConfig& config);

/// Packed samples if the folder holds them, else videos and photos degraded on the fly.
std::shared_ptr<const data::SampleSource> make_source(const train::TrainConfig& config);

/// Lists what the index left out, one line a file; the exit code of `--check-data`.
int check_data(const train::TrainConfig& config);

}  // namespace oasis::tools
