#include "oasis/train/replace_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "oasis/core/error.h"

namespace oasis::train {
namespace fs = std::filesystem;

void flush_to_disk(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool flushed = file >= 0 && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  if (!flushed) {
    throw Error(ExitCode::failed, fmt::format("{}: cannot be flushed to the disk", path.string()));
  }
}

void replace_folder(const fs::path& part, const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder)) {
    fs::rename(part, folder, error);
  } else if (::renameat2(AT_FDCWD, part.c_str(), AT_FDCWD, folder.c_str(), RENAME_EXCHANGE) == 0) {
    fs::remove_all(part, error);
  } else {
    const fs::path old = folder.string() + ".old";
    fs::remove_all(old, error);
    if (!error) fs::rename(folder, old, error);
    if (!error) fs::rename(part, folder, error);
    if (!error) fs::remove_all(old, error);
  }
  if (error) {
    throw Error(ExitCode::failed,
                fmt::format("{}: cannot be written ({})", folder.string(), error.message()));
  }
  flush_to_disk(folder.has_parent_path() ? folder.parent_path() : fs::path("."));
}

}  // namespace oasis::train
