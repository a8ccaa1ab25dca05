#pragma once

#include <filesystem>

namespace oasis::media {

/// A file or folder that is written under `PATH.part` and gets its name when it is complete.
class PartPath {
 public:
  /// Throws `Error` (`usage`) when `path` is `source` itself (by any name), or exists and
  /// `overwrite` is false. A folder may exist when it is empty, and with `overwrite` when it holds
  /// nothing but PNG files.
  PartPath(const std::filesystem::path& path, const std::filesystem::path& source, bool overwrite);
  /// Removes the part unless it was committed or is to be kept.
  ~PartPath();
  PartPath(const PartPath&) = delete;
  PartPath& operator=(const PartPath&) = delete;

  const std::filesystem::path& part() const { return part_; }
  const std::filesystem::path& path() const { return path_; }

  /// From now on the part outlives this object.
  void keep() { kept_ = true; }

  /// Syncs to disk and renames. Throws `Error` (`failed`; `usage` when the path came into being
  /// meanwhile and may not be overwritten).
  void commit();

 private:
  std::filesystem::path path_, part_;
  bool overwrite_;
  bool committed_ = false;
  bool kept_ = false;
};

}  // namespace oasis::media
