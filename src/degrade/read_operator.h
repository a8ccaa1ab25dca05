#pragma once

#include "oasis/config/config_node.h"
#include "oasis/degrade/options.h"

namespace oasis::degrade {

/// Reads one entry of `pipeline` (anything but `shuffle`); its name is left empty. Throws `Error`
/// (usage).
OperatorOptions read_operator(const config::ConfigNode& entry);

}  // namespace oasis::degrade
