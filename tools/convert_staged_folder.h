#pragma once

#include <filesystem>

namespace oasis::tools {

/// A folder that gets its name only when it is complete: files are made in `path()`, which is
/// `target` + ".part"; without `finish` it is removed again.
class StagedFolder {
 public:
  /// `oasis::Error` (usage) if `target` is there already, other than as an empty folder. What an
  /// earlier run that was killed has left behind is removed.
  explicit StagedFolder(const std::filesystem::path& target);
  ~StagedFolder();
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;

  const std::filesystem::path& path() const { return part_; }
  void finish();

 private:
  std::filesystem::path target_;
  std::filesystem::path part_;
  bool finished_ = false;
};

}  // namespace oasis::tools
