#pragma once

#include <string>

namespace oasis {

/// "0.1.0"
std::string version();

/// The version of the LibTorch that is linked, "2.11.0".
std::string torch_version();

}  // namespace oasis
