#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "oasis/core/device.h"
#include "oasis/model/model_folder.h"

namespace oasis::tools {

/// Published files and what to make of them; an empty path: not given.
struct WanSources {
  std::filesystem::path dit;
  std::filesystem::path vae;
  std::filesystem::path taehv;
  std::filesystem::path t5;
  std::filesystem::path out;
  std::optional<std::int64_t> heads;  ///< of the DiT; none: config.json's, or width / 128
  std::string precision = "bf16";     ///< of the stored weights
  std::uint64_t seed = 0;             ///< of the new projector's weights
};

/// Writes the model folder `sources.out` and logs what was found, mapped and left out. Tensors go
/// from file to file one by one, so memory does not grow with the checkpoints. The projector is new
/// (random); the model counts as untrained. `oasis::Error` names what does not fit; the folder
/// appears only when it is complete.
void convert_wan(const WanSources& sources);

/// The parts. Each writes its files into `folder` and fills in what `about` says of them.
void convert_dit(const WanSources& sources, const std::filesystem::path& folder,
                 model::ModelDescription& about);
void convert_vae(const WanSources& sources, const std::filesystem::path& folder,
                 model::ModelDescription& about);
void convert_taehv(const WanSources& sources, const std::filesystem::path& folder,
                   model::ModelDescription& about);
void convert_prompt(const WanSources& sources, const std::filesystem::path& folder,
                    model::ModelDescription& about);

}  // namespace oasis::tools
