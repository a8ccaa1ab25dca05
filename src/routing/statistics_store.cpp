#include "oasis/routing/statistics_store.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>
#include <vector>

#include "oasis/core/log.h"
#include "oasis/routing/replace_file.h"

namespace oasis::routing {
namespace {

using nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr std::size_t kLongestStem = 60;

/// FNV-1a, to tell files of one name apart.
std::uint64_t hash_of(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3U;
  return hash;
}

/// Letters, digits, '-' and '_' of a name; anything else becomes '_'.
std::string plain(std::string name) {
  for (char& c : name) {
    const bool keep = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_';
    if (!keep) c = '_';
  }
  return name.substr(0, kLongestStem);
}

VideoStatistics from_json(const ordered_json& json) {
  VideoStatistics result;
  result.video = json.at("video");
  result.bytes = json.at("bytes");
  result.first_frame = json.at("first_frame");
  const auto& grid = json.at("grid");
  result.grid = {grid.at(0), grid.at(1), grid.at(2)};
  result.scores = HeadScores(json.at("layers"), json.at("heads"));
  const auto values = json.at("scores").get<std::vector<double>>();
  if (values.size() != result.scores.values().size()) throw std::length_error("scores");
  result.scores.values() = values;
  return result;
}

}  // namespace

StatisticsStore::StatisticsStore(std::filesystem::path folder, std::string fingerprint)
    : folder_(std::move(folder)), fingerprint_(std::move(fingerprint)) {
  std::filesystem::create_directories(folder_);
}

std::filesystem::path StatisticsStore::path_of(const std::string& video) const {
  const auto stem = plain(std::filesystem::path(video).stem().string());
  return folder_ / fmt::format("{}-{:016x}.json", stem, hash_of(video));
}

std::optional<VideoStatistics> StatisticsStore::find(const std::string& video,
                                                     std::uint64_t bytes) const {
  const auto path = path_of(video);
  std::ifstream file(path);
  if (!file) return std::nullopt;
  try {
    const auto json = ordered_json::parse(file);
    if (json.at("format") != kFormat || json.at("fingerprint") != fingerprint_) return std::nullopt;
    auto found = from_json(json);
    if (found.video != video || found.bytes != bytes) return std::nullopt;
    return found;
  } catch (const std::exception&) {
    log::warn("{}: not readable; the video is looked at again", path.string());
    return std::nullopt;
  }
}

void StatisticsStore::save(const VideoStatistics& statistics) const {
  const auto& scores = statistics.scores;
  const ordered_json json = {
      {"format", kFormat},
      {"fingerprint", fingerprint_},
      {"video", statistics.video},
      {"bytes", statistics.bytes},
      {"first_frame", statistics.first_frame},
      {"grid", {statistics.grid.frames, statistics.grid.rows, statistics.grid.cols}},
      {"layers", scores.layers()},
      {"heads", scores.heads()},
      {"scores", scores.values()}};
  const auto replace = ordered_json::error_handler_t::replace;
  replace_file(path_of(statistics.video), json.dump(-1, ' ', false, replace) + "\n");
}

}  // namespace oasis::routing
