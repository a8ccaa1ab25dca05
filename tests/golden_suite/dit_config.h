#pragma once

#include <nlohmann/json.hpp>

#include "oasis/model/wan_dit_config.h"

namespace oasis::golden {

/// The transformer's shape as the official code names it.
model::WanDitConfig official_config(const nlohmann::json& c);

}  // namespace oasis::golden
