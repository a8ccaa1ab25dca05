#include "part_path.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "oasis/core/error.h"

namespace oasis::media {
namespace fs = std::filesystem;
namespace {

/// Waits until a file or folder is on disk. File systems that cannot sync are no error.
void sync_path(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  const int result = ::fsync(descriptor);
  const int reason = errno;
  ::close(descriptor);
  if (result != 0 && (reason == EIO || reason == ENOSPC || reason == EDQUOT)) {
    throw Error(fmt::format("cannot write {} to disk: {}", path.string(), std::strerror(reason)));
  }
}

bool holds_only_png(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".png") return false;
  }
  return true;
}

void check_replaceable(const fs::path& path, bool overwrite) {
  std::error_code error;
  if (!fs::exists(path, error)) return;
  if (fs::is_directory(path)) {
    if (fs::is_empty(path)) return;
    if (overwrite && !holds_only_png(path)) {
      throw Error(ExitCode::usage,
                  fmt::format("the folder {} holds more than PNG files and is not replaced; name "
                              "another one",
                              path.string()));
    }
  } else if (!fs::is_regular_file(path)) {
    throw Error(ExitCode::usage, fmt::format("{} is not a regular file", path.string()));
  }
  if (!overwrite) {
    throw Error(ExitCode::usage,
                fmt::format("{} exists already; add --overwrite to replace it", path.string()));
  }
}

fs::path without_trailing_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

PartPath::PartPath(const fs::path& path, const fs::path& source, bool overwrite)
    : path_(without_trailing_slash(path)), part_(path_), overwrite_(overwrite) {
  part_ += ".part";
  std::error_code error;
  if (!source.empty() && fs::exists(path_, error) && fs::equivalent(path_, source, error)) {
    throw Error(ExitCode::usage,
                fmt::format("the output {} is the input itself; name another file", path.string()));
  }
  if (!source.empty() && fs::exists(part_, error) && fs::equivalent(part_, source, error)) {
    throw Error(ExitCode::usage,
                fmt::format("the input {} would be overwritten while writing; name "
                            "another output",
                            source.string()));
  }
  check_replaceable(path_, overwrite);
  const fs::path folder = path_.parent_path();
  if (!folder.empty() && !fs::is_directory(folder, error)) {
    throw Error(ExitCode::usage,
                fmt::format("the folder {} does not exist; make it first", folder.string()));
  }
}

PartPath::~PartPath() {
  if (committed_ || kept_) return;
  std::error_code error;
  fs::remove_all(part_, error);
}

void PartPath::commit() {
  const bool is_folder = fs::is_directory(part_);
  if (is_folder) {
    for (const auto& entry : fs::directory_iterator(part_)) sync_path(entry.path());
  }
  sync_path(part_);
  check_replaceable(path_, overwrite_);
  std::error_code error;
  if (fs::is_directory(path_, error)) fs::remove_all(path_, error);
  fs::rename(part_, path_, error);
  if (error) {
    throw Error(
        fmt::format("cannot rename {} to {}: {}", part_.string(), path_.string(), error.message()));
  }
  committed_ = true;
  sync_path(path_.parent_path().empty() ? fs::path(".") : path_.parent_path());
}

}  // namespace oasis::media
