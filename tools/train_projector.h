#pragma once

#include <c10/core/Device.h>

#include <memory>

#include "oasis/data/sample_source.h"
#include "oasis/train/train_config.h"

namespace oasis::tools {

/// `--ridge`: fits the projector of the configuration's start folder on the first `samples`
/// training samples, writes it there and says how well it fits, on standard output.
int fit_start_projector(const train::TrainConfig& config, int samples, c10::Device device,
                        bool json);

/// The same as the first step of a run whose configuration says `projector_init: ridge`, if the
/// projector was never initialised nor trained; otherwise nothing.
void prepare_projector(const train::TrainConfig& config,
                       std::shared_ptr<const data::SampleSource> source, c10::Device device);

}  // namespace oasis::tools
