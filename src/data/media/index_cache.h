#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "oasis/data/clip_index.h"

namespace oasis::data {

/// What looking at a file gave.
struct Found {
  Clip clip;
  std::optional<ClipProblem> problem;
};

/// The results of earlier runs in a JSON file; an unreadable one counts as empty.
class IndexCache {
 public:
  /// An empty path keeps nothing. Entries made with another `pass_hdr` are not used.
  IndexCache(std::filesystem::path path, bool pass_hdr);

  /// What is known of a file that has not changed since.
  std::optional<Found> find(const std::filesystem::path& file) const;

  /// Replaces the file by these entries.
  void save(const std::vector<Found>& found) const;

 private:
  struct Entry {
    std::string stamp;  ///< size and time of change
    Found found;
  };

  std::filesystem::path path_;
  bool pass_hdr_;
  std::map<std::string, Entry> entries_;
};

}  // namespace oasis::data
