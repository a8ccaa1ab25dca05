#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace oasis::data {

/// One video or photo of a training set.
struct Clip {
  std::filesystem::path path;
  int width = 0;  ///< upright
  int height = 0;
  std::int64_t frames = 0;
  bool still = false;              ///< a photo
  std::vector<std::int64_t> cuts;  ///< first frames of scenes after the first, ascending
};

/// A file that the index leaves out, and why.
struct ClipProblem {
  enum class Kind { unreadable, damaged, too_short, too_small, hdr };
  std::filesystem::path path;
  Kind kind = Kind::unreadable;
  std::string detail;
};

/// "unreadable", "damaged", "too short", "too small" or "HDR".
std::string to_string(ClipProblem::Kind kind);

/// What may be indexed.
struct IndexOptions {
  int least_width = 640;          ///< pixels of HQ; smaller files are left out
  int least_height = 320;         ///< pixels of HQ
  std::int64_t least_frames = 2;  ///< shorter videos are left out; photos count as still clips
  bool stills = true;             ///< index photos too
  bool pass_hdr = false;          ///< take PQ and HLG clips with their values as stored
  int threads = 2;                ///< files looked at at the same time
};

/// All clips of a training set.
struct ClipIndex {
  std::vector<Clip> clips;  ///< in order of path, whatever the number of threads
  std::vector<ClipProblem> problems;
};

/// Indexes a folder (recursively), a list file (one path a line, relative to its folder), or one
/// file. Every frame is decoded once, for its count and the scene cuts. `cache`, if not empty, is a
/// JSON file that keeps what was found; files of the same size and time of change are not looked at
/// again. Damaged files are listed as problems, never fatal. Throws `oasis::Error` if `source` is
/// not there.
ClipIndex index_clips(const std::filesystem::path& source, const IndexOptions& options,
                      const std::filesystem::path& cache = {});

/// The scenes of a clip as (first frame, count).
std::vector<std::pair<std::int64_t, std::int64_t>> scenes_of(const Clip& clip);

}  // namespace oasis::data
