#include "bench_weights_folder.h"

#include <fmt/format.h>
#include <stdlib.h>

#include "oasis/core/error.h"

namespace oasis::tools {

WeightsFolder::WeightsFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "oasis-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw Error(fmt::format("{}: no temporary folder can be made for the weights; set TMPDIR",
                            std::filesystem::temp_directory_path().string()));
  }
  path_ = name;
}

WeightsFolder::~WeightsFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace oasis::tools
