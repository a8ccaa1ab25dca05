#include "route_videos.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <system_error>

#include "oasis/core/error.h"

namespace oasis::tools {
namespace {

namespace fs = std::filesystem;

bool is_video(const fs::path& path) {
  static constexpr std::array known = {".mp4", ".mkv",  ".mov", ".webm", ".avi", ".m4v", ".ts",
                                       ".mts", ".m2ts", ".mpg", ".mpeg", ".y4m", ".wmv", ".flv",
                                       ".ogv", ".gif",  ".3gp", ".mxf",  ".vob"};
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(known.begin(), known.end(), extension) != known.end();
}

std::uint64_t size_of(const fs::path& path) {
  std::error_code failure;
  if (!fs::is_regular_file(path, failure)) return 0;
  const auto bytes = fs::file_size(path, failure);
  return failure ? 0 : bytes;
}

std::vector<RouteVideo> below(const fs::path& folder) {
  std::vector<RouteVideo> found;
  const auto options = fs::directory_options::follow_directory_symlink |
                       fs::directory_options::skip_permission_denied;
  for (const auto& entry : fs::recursive_directory_iterator(folder, options)) {
    const auto& path = entry.path();
    if (entry.is_regular_file() && is_video(path) && path.filename().string().front() != '.') {
      found.push_back({path.lexically_relative(folder).generic_string(), path, size_of(path)});
    }
  }
  return found;
}

std::vector<RouteVideo> listed(const fs::path& list) {
  std::ifstream file(list);
  std::vector<RouteVideo> found;
  for (std::string line; std::getline(file, line);) {
    line = line.substr(0, line.find('#'));
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos) continue;
    const auto name = line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
    const auto path = (list.parent_path() / name).lexically_normal();
    found.push_back({name, path, size_of(path)});
  }
  return found;
}

}  // namespace

std::vector<RouteVideo> list_videos(const fs::path& path) {
  std::vector<RouteVideo> videos;
  if (fs::is_directory(path)) {
    videos = below(path);
  } else if (!fs::exists(path)) {
    throw Error(ExitCode::unreadable_input, fmt::format("{} does not exist", path.string()));
  } else if (is_video(path)) {
    videos.push_back({path.filename().string(), path, size_of(path)});
  } else {
    videos = listed(path);
  }
  if (videos.empty()) {
    throw Error(ExitCode::unreadable_input, fmt::format("{} names no videos", path.string()));
  }
  std::sort(videos.begin(), videos.end(),
            [](const RouteVideo& a, const RouteVideo& b) { return a.name < b.name; });
  const auto same = [](const RouteVideo& a, const RouteVideo& b) { return a.name == b.name; };
  videos.erase(std::unique(videos.begin(), videos.end(), same), videos.end());
  return videos;
}

}  // namespace oasis::tools
