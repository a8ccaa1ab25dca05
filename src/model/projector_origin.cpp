#include "oasis/model/projector_origin.h"

#include "oasis/checkpoint/safetensors.h"
#include "oasis/model/model_folder.h"

namespace oasis::model {

bool projector_is_fit(const std::filesystem::path& folder) {
  if (read_model_description(folder).trained) return true;
  const auto file = checkpoint::read_safetensors(folder / "projector.safetensors");
  const auto origin = file.metadata().find("origin");
  return origin != file.metadata().end() &&
         (origin->second == "ridge" || origin->second == "trained");
}

}  // namespace oasis::model
