#include "oasis/eval/clip_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "media/image_folder_reader.h"
#include "oasis/core/error.h"

namespace oasis::eval {
namespace {

namespace fs = std::filesystem;

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

bool is_video(const fs::path& path) {
  static const std::set<std::string> known = {
      ".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".y4m",  ".ts",  ".mts", ".mpg", ".mpeg",
      ".wmv", ".flv", ".ogv", ".264", ".h264", ".265", ".hevc", ".ivf", ".gif", ".mxf"};
  return known.contains(lower_extension(path));
}

bool is_image(const fs::path& path) {
  static const std::set<std::string> known = {".png",  ".jpg",  ".jpeg", ".bmp", ".tif",
                                              ".tiff", ".webp", ".ppm",  ".pgm", ".pnm"};
  return known.contains(lower_extension(path));
}

bool is_hidden(const fs::path& path) { return path.filename().string().front() == '.'; }

bool holds_images(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && is_image(entry.path()) && !is_hidden(entry.path())) return true;
  }
  return false;
}

std::string folder_name(const fs::path& folder) {
  const fs::path plain = fs::absolute(folder).lexically_normal();
  return plain.has_filename() ? plain.filename().string() : plain.parent_path().filename().string();
}

// The clips of a side by name; the second of one name goes to `twice`.
std::map<std::string, fs::path> by_name(const std::vector<ClipPath>& clips,
                                        std::map<std::string, std::string>& twice) {
  std::map<std::string, fs::path> result;
  for (const auto& clip : clips) {
    const auto [place, fresh] = result.emplace(clip.name, clip.path);
    if (!fresh) {
      twice[clip.name] = fmt::format("{} and {} have one name; keep one of them",
                                     place->second.string(), clip.path.string());
    }
  }
  return result;
}

fs::path input_of(const std::string& name, const std::map<std::string, fs::path>& inputs,
                  bool single) {
  const auto found = inputs.find(name);
  if (found != inputs.end()) return found->second;
  return single && inputs.size() == 1 ? inputs.begin()->second : fs::path();
}

}  // namespace

std::vector<ClipPath> list_clips(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    throw Error(ExitCode::unreadable_input, fmt::format("{} does not exist", path.string()));
  }
  if (!fs::is_directory(path, error)) return {{path.stem().string(), path}};
  std::vector<ClipPath> clips;
  for (const auto& entry : fs::directory_iterator(path)) {
    const fs::path& item = entry.path();
    if (is_hidden(item)) continue;
    if (entry.is_regular_file() && is_video(item)) clips.push_back({item.stem().string(), item});
    if (entry.is_directory() && holds_images(item)) {
      clips.push_back({item.filename().string(), item});
    }
  }
  if (clips.empty() && holds_images(path)) return {{folder_name(path), path}};
  if (clips.empty()) {
    throw Error(
        ExitCode::unreadable_input,
        fmt::format("{} holds neither videos nor images nor folders of images", path.string()));
  }
  std::sort(clips.begin(), clips.end(), [](const ClipPath& a, const ClipPath& b) {
    if (a.name != b.name) return media::natural_less(a.name, b.name);
    return a.path < b.path;
  });
  return clips;
}

std::vector<ClipPair> pair_clips(const fs::path& output, const fs::path& reference,
                                 const fs::path& input) {
  const auto outputs = list_clips(output);
  const auto references = reference.empty() ? std::vector<ClipPath>() : list_clips(reference);
  std::map<std::string, std::string> twice;
  const auto output_names = by_name(outputs, twice);
  const auto reference_names = by_name(references, twice);
  std::map<std::string, std::string> unused;
  const auto input_names =
      by_name(input.empty() ? std::vector<ClipPath>() : list_clips(input), unused);
  const bool single = outputs.size() == 1 && references.size() <= 1;
  std::vector<ClipPair> pairs;
  for (const auto& clip : outputs) {
    if (!pairs.empty() && pairs.back().name == clip.name) continue;
    ClipPair pair{clip.name, clip.path, {}, input_of(clip.name, input_names, single), ""};
    const auto partner = reference_names.find(clip.name);
    if (partner != reference_names.end()) pair.reference = partner->second;
    if (single && references.size() == 1) pair.reference = references.front().path;
    if (!reference.empty() && pair.reference.empty()) {
      pair.problem = fmt::format("{} has no reference of the name {} in {}", clip.path.string(),
                                 clip.name, reference.string());
    }
    if (twice.contains(clip.name)) pair.problem = twice[clip.name];
    pairs.push_back(pair);
  }
  for (const auto& clip : references) {
    if (single || output_names.contains(clip.name)) continue;
    if (!pairs.empty() && pairs.back().name == clip.name) continue;
    pairs.push_back({clip.name,
                     {},
                     clip.path,
                     {},
                     fmt::format("{} has no output of the name {} in {}", clip.path.string(),
                                 clip.name, output.string())});
  }
  return pairs;
}

}  // namespace oasis::eval
