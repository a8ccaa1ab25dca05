#pragma once

#include <string>

#include "oasis/model/model_folder.h"

namespace oasis::model {

/// The lines of model.yaml that say what the weights mean: shapes, projector, decoder, timestep,
/// window, prompt (docs/interfaces.md). Two folders in which they and the head maps agree hold
/// weights of the same model.
std::string architecture_text(const ModelDescription& about);

}  // namespace oasis::model
