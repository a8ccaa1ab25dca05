#pragma once

#include <filesystem>

namespace oasis::model {

/// Whether the projector of a model folder maps frames to latents that mean something: model.yaml
/// says `trained: true`, or the entry `origin` of `projector.safetensors` is `ridge` or `trained`.
/// A new projector is random. `oasis::Error` if a file cannot be read.
bool projector_is_fit(const std::filesystem::path& folder);

}  // namespace oasis::model
