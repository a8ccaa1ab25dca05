#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace oasis::tools {

/// What `set.json` says of the clips that an earlier run has left in the folder of an evaluation
/// set. Files are kept only where they are what the run at hand would make.
class KeptClips {
 public:
  /// Reads `list` if it is there; `oasis::Error` (usage) if it describes no set.
  explicit KeptClips(const std::filesystem::path& list);

  bool lists(const std::string& name) const { return entries_.contains(name); }

  /// `entry`: of a clip, as it would be written now. `oasis::Error` (usage) unless the list has the
  /// same source, frames and size of that name, and the same of each of `variants`, or does not
  /// list it.
  void require_same(const nlohmann::ordered_json& entry, const std::vector<int>& variants) const;

 private:
  std::filesystem::path list_;
  std::map<std::string, nlohmann::ordered_json> entries_;
};

/// `oasis::Error` (usage) unless this file, left by an earlier run, is a video of so many frames of
/// that size. Decodes it.
void require_kept_video(const std::filesystem::path& path, int width, int height,
                        std::int64_t frames);

/// Throws `oasis::Error` (usage): `file` is of an earlier run, and `why` it will not do for this
/// one.
[[noreturn]] void refuse_kept(const std::filesystem::path& file, const std::string& why);

}  // namespace oasis::tools
