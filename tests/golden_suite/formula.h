#pragma once

#include <nlohmann/json.hpp>

#include "oasis/checkpoint/state_dict.h"

namespace oasis::golden {

/// The tensors that a case's config gives by a formula (`formula` in `config`): reproducible noise
/// hashed from each tensor's full name, so that real widths need no stored megabytes.
checkpoint::StateDict expand_formula(const nlohmann::json& formula);

}  // namespace oasis::golden
