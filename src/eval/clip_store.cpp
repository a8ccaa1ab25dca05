#include "eval/clip_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "eval/write_file.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/core/version.h"

namespace oasis::eval {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

json pack(const Picture& picture) {
  return {{"mime", picture.mime},
          {"bytes", json::binary(picture.bytes)},
          {"width", picture.width},
          {"height", picture.height}};
}

Picture unpack_picture(const json& from) {
  return {from.at("mime"), from.at("bytes").get_binary(), from.at("width"), from.at("height")};
}

json pack(const ClipResult& clip) {
  json frames = json::array();
  for (const auto& shown : clip.pictures.frames) {
    frames.push_back({{"frame", shown.frame},
                      {"why", shown.why},
                      {"output", pack(shown.output)},
                      {"reference", pack(shown.reference)},
                      {"bicubic", pack(shown.bicubic)}});
  }
  return {{"name", clip.name},
          {"output", clip.output.string()},
          {"reference", clip.reference.string()},
          {"frames", clip.frames},
          {"width", clip.width},
          {"height", clip.height},
          {"fps", clip.fps},
          {"scores", clip.scores},
          {"per_frame", clip.per_frame},
          {"luma_spectrum", clip.luma_spectrum},
          {"luma_spectrum_reference", clip.luma_spectrum_reference},
          {"notes", clip.notes},
          {"pictures", frames},
          {"slice_output", pack(clip.pictures.slice_output)},
          {"slice_reference", pack(clip.pictures.slice_reference)}};
}

ClipResult unpack_clip(const json& from) {
  ClipResult clip;
  clip.name = from.at("name");
  clip.output = from.at("output").get<std::string>();
  clip.reference = from.at("reference").get<std::string>();
  clip.frames = from.at("frames");
  clip.width = from.at("width");
  clip.height = from.at("height");
  clip.fps = from.at("fps");
  clip.scores = from.at("scores").get<std::map<std::string, double>>();
  clip.per_frame = from.at("per_frame").get<std::map<std::string, std::vector<double>>>();
  clip.luma_spectrum = from.at("luma_spectrum").get<std::vector<double>>();
  clip.luma_spectrum_reference = from.at("luma_spectrum_reference").get<std::vector<double>>();
  clip.notes = from.at("notes").get<std::vector<std::string>>();
  for (const auto& shown : from.at("pictures")) {
    clip.pictures.frames.push_back(
        {shown.at("frame"), shown.at("why"), unpack_picture(shown.at("output")),
         unpack_picture(shown.at("reference")), unpack_picture(shown.at("bicubic"))});
  }
  clip.pictures.slice_output = unpack_picture(from.at("slice_output"));
  clip.pictures.slice_reference = unpack_picture(from.at("slice_reference"));
  return clip;
}

std::uint64_t hash_of(const std::string& text) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const unsigned char c : text) hash = (hash ^ c) * 1099511628211ULL;
  return hash;
}

std::string file_line(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  const auto time = fs::last_write_time(path, error).time_since_epoch().count();
  return fmt::format("{} {} {}\n", path.string(), size, time);
}

// A file's or, for a folder, all its files' names, sizes and times.
std::string state_of(const fs::path& path) {
  if (path.empty()) return "none\n";
  const fs::path whole = fs::absolute(path).lexically_normal();
  if (!fs::is_directory(whole)) return file_line(whole);
  std::vector<std::string> lines;
  for (const auto& entry : fs::directory_iterator(whole)) {
    if (entry.is_regular_file()) lines.push_back(file_line(entry.path()));
  }
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}", fmt::join(lines, ""));
}

}  // namespace

fs::path ClipStore::file_of(const std::string& name, const std::string& key) const {
  std::string plain = name.substr(0, 80);
  for (char& c : plain) {
    if (c == '/' || c == '\0') c = '_';
  }
  return folder_ / fmt::format("{}-{:016x}.cbor", plain, hash_of(key));
}

std::optional<ClipResult> ClipStore::find(const std::string& name, const std::string& key) const {
  if (folder_.empty()) return std::nullopt;
  std::ifstream stream(file_of(name, key), std::ios::binary);
  if (!stream) return std::nullopt;
  try {
    const json stored = json::from_cbor(stream);
    if (stored.at("key") != key) return std::nullopt;
    return unpack_clip(stored.at("clip"));
  } catch (const json::exception&) {
    return std::nullopt;  // written by another version: the clip is scored again
  }
}

void ClipStore::save(const ClipResult& result, const std::string& key) {
  if (folder_.empty()) return;
  try {
    std::error_code error;
    fs::create_directories(folder_, error);
    const auto bytes = json::to_cbor({{"key", key}, {"clip", pack(result)}});
    write_file(file_of(result.name, key), {bytes.begin(), bytes.end()});
  } catch (const Error& error) {
    log::warn("finished clips cannot be kept for a later run: {}", error.what());
    folder_.clear();
  }
}

std::string clip_key(const ClipPair& pair, const EvaluationOptions& options,
                     const std::string& weights) {
  std::string key = fmt::format("oasis-eval {}\n", version());
  key += "output " + state_of(pair.output) + "reference " + state_of(pair.reference);
  key += "input " + state_of(pair.input);
  for (const auto& [what, which] : protocol_lines(options.protocol)) {
    key += fmt::format("{}: {}\n", what, which);
  }
  key += fmt::format("metrics {}\nframes {}:{}\ndevice {}\npictures {}\n{}",
                     fmt::join(options.metrics, ","), options.frames.first_frame,
                     options.frames.end_frame, options.device.str(), options.pictures, weights);
  return key;
}

}  // namespace oasis::eval
