#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "oasis/core/token_grid.h"
#include "oasis/routing/head_scores.h"

namespace oasis::routing {

/// What one video contributed.
struct VideoStatistics {
  std::string video;             ///< its name, unique among the videos of a run
  std::uint64_t bytes = 0;       ///< size of the file
  std::int64_t first_frame = 0;  ///< of the clip
  TokenGrid grid;                ///< of the clip
  HeadScores scores;             ///< averaged over the clip's queries
};

/// The statistics of finished videos, one small file each, so that an interrupted run goes on and
/// memory does not grow with the videos. May be used by several threads for different videos.
class StatisticsStore {
 public:
  /// `fingerprint`: everything that the scores of a video depend on beside the video; files with
  /// another one are ignored and replaced. Makes the folder.
  StatisticsStore(std::filesystem::path folder, std::string fingerprint);

  /// The video's statistics, if they are there, whole, and of these settings and this size of file.
  std::optional<VideoStatistics> find(const std::string& video, std::uint64_t bytes) const;

  /// Throws `oasis::Error` if the file cannot be written.
  void save(const VideoStatistics& statistics) const;

 private:
  std::filesystem::path path_of(const std::string& video) const;

  std::filesystem::path folder_;
  std::string fingerprint_;
};

}  // namespace oasis::routing
