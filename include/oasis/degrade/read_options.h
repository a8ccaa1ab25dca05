#pragma once

#include <filesystem>

#include "oasis/config/config_node.h"
#include "oasis/degrade/options.h"

namespace oasis::degrade {

/// Reads a `degradation` block over `defaults`; `pipeline`, if given, replaces the whole list, and
/// keys that its entries leave out are those of the first operator of the kind. Weights are divided
/// by their sum. Throws `Error` (usage) with file and line for unknown keys and names, ranges the
/// wrong way round and whatever else cannot be meant.
DegradationOptions read_options(const config::ConfigNode& block,
                                const DegradationOptions& defaults = stage_options(1));

/// The block `degradation` of a file, such as `configs/degrade/stage1.yaml`.
DegradationOptions load_options(const std::filesystem::path& file);

}  // namespace oasis::degrade
