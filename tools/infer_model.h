#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <filesystem>
#include <memory>
#include <string>

#include "oasis/model/clip_model.h"

namespace oasis::tools {

/// The folder of the model that ships with the program: `models/oasis-tiny` of the source tree or
/// `share/oasis/models/oasis-tiny` of an installation, found from where the program lies. Empty if
/// neither is there.
std::filesystem::path shipped_model();

/// The folder that `--model` names, which is not "bicubic". Throws `oasis::Error` (usage) if there
/// is none.
std::filesystem::path model_folder(const std::string& name);

/// The name and the files' hashes of what `--model` names, as one text.
std::string model_identity(const std::string& name);

/// The model that `--model` names: "bicubic", a folder, or nothing for the shipped one. Throws
/// `oasis::Error` (usage) if there is none, and what loading throws.
std::unique_ptr<model::ClipModel> open_model(const std::string& name, c10::Device device,
                                             c10::ScalarType precision);

}  // namespace oasis::tools
