#include "oasis/core/version.h"

#include <torch/version.h>

namespace oasis {

std::string version() { return OASIS_VERSION; }

std::string torch_version() { return TORCH_VERSION; }

}  // namespace oasis
