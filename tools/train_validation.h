#pragma once

#include "oasis/train/trainer.h"

namespace oasis::tools {

/// Validation on the clips of `data.validation`: the middle of each, degraded with fixed numbers as
/// the training clips are. PSNR of luma over bicubic, and a before/after picture of each clip and
/// validation in `<output>/pictures`. Empty if the configuration names no clips. Rank 0 alone
/// validates; the others get a function that is never called.
train::Validation make_validation(const train::TrainConfig& config, c10::Device device, int rank);

}  // namespace oasis::tools
