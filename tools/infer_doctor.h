#pragma once

#include "infer_options.h"

namespace oasis::tools {

/// Prints what this installation has and can do on standard output: library versions, device,
/// encoders (each tried with one frame), the model folder with its files' hashes, one tiny
/// inference. Returns the exit status: 0, or 1 if the device, the model, one of its files or the
/// H.264 encoder doesn't work.
int run_doctor(const InferOptions& options);

}  // namespace oasis::tools
