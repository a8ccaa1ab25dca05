#include "convert_staged_folder.h"

#include <fmt/format.h>

#include <system_error>

#include "oasis/core/error.h"

namespace oasis::tools {
namespace fs = std::filesystem;

StagedFolder::StagedFolder(const fs::path& target)
    : target_(target.has_filename() ? target : target.parent_path()) {
  std::error_code error;
  if (fs::exists(target_) && !(fs::is_directory(target_) && fs::is_empty(target_, error))) {
    throw Error(ExitCode::usage,
                fmt::format("{}: is there already; choose another folder", target_.string()));
  }
  part_ = target_.string() + ".part";
  fs::remove_all(part_, error);
  fs::create_directories(part_, error);
  if (error) {
    throw Error(fmt::format("{}: the folder cannot be made: {}", part_.string(), error.message()));
  }
}

StagedFolder::~StagedFolder() {
  std::error_code ignored;
  if (!finished_) fs::remove_all(part_, ignored);
}

void StagedFolder::finish() {
  std::error_code error;
  fs::rename(part_, target_, error);
  if (error) {
    throw Error(fmt::format("{}: cannot be renamed to its final name: {}", part_.string(),
                            error.message()));
  }
  finished_ = true;
}

}  // namespace oasis::tools
