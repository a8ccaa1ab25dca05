#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace oasis::tools {

struct RouteVideo {
  std::string name;  ///< its path below the folder, or as the list has it
  std::filesystem::path path;
  std::uint64_t bytes = 0;  ///< size of the file; 0 for a folder of images
};

/// The videos that `--videos` names, each once, sorted by name: all files below a folder that are
/// videos by their extension; or the lines of a text file ('#' begins a comment; paths are relative
/// to the file's folder); or a single video. Throws `oasis::Error` (unreadable_input) if there are
/// none.
std::vector<RouteVideo> list_videos(const std::filesystem::path& path);

}  // namespace oasis::tools
