#pragma once

#include "oasis/core/log.h"
#include "oasis/core/progress.h"

namespace oasis::tools {

/// Puts a program's `--quiet` and `--verbose` into effect.
inline void set_loudness(bool quiet, bool verbose) {
  if (verbose) log::set_level(log::Level::debug);
  if (quiet) log::set_level(log::Level::warn);
  Progress::silence(quiet);
}

}  // namespace oasis::tools
