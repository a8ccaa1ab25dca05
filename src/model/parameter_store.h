#pragma once

#include "oasis/nn/parameter_store.h"

namespace oasis::model {

using nn::ParameterStore;

}  // namespace oasis::model
