#include "data/media/index_cache.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "oasis/core/log.h"

namespace oasis::data {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr int kFormat = 1;

// Size and time of change; empty if the file cannot be asked.
std::string stamp_of(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error) return {};
  const auto time = fs::last_write_time(file, error);
  if (error) return {};
  return fmt::format("{}-{}", size, time.time_since_epoch().count());
}

Json to_json(const Found& found) {
  Json json = {{"path", found.clip.path.string()}, {"stamp", stamp_of(found.clip.path)},
               {"width", found.clip.width},        {"height", found.clip.height},
               {"frames", found.clip.frames},      {"still", found.clip.still},
               {"cuts", found.clip.cuts}};
  if (found.problem) {
    json["problem"] = static_cast<int>(found.problem->kind);
    json["detail"] = found.problem->detail;
  }
  return json;
}

Found from_json(const Json& json) {
  Found found;
  const fs::path path = json.at("path").get<std::string>();
  found.clip = {path,
                json.at("width"),
                json.at("height"),
                json.at("frames"),
                json.at("still"),
                json.at("cuts").get<std::vector<std::int64_t>>()};
  if (json.contains("problem")) {
    found.problem = ClipProblem{path, static_cast<ClipProblem::Kind>(json.at("problem").get<int>()),
                                json.at("detail")};
  }
  return found;
}

}  // namespace

IndexCache::IndexCache(fs::path path, bool pass_hdr) : path_(std::move(path)), pass_hdr_(pass_hdr) {
  if (path_.empty()) return;
  std::ifstream stream(path_);
  if (!stream) return;
  try {
    const Json json = Json::parse(stream);
    if (json.at("format") != kFormat || json.at("pass_hdr") != pass_hdr) return;
    for (const Json& item : json.at("clips")) {
      entries_[item.at("path")] = {item.at("stamp"), from_json(item)};
    }
  } catch (const Json::exception&) {
    entries_.clear();
    log::warn("{}: the index cannot be read and is made anew", path_.string());
  }
}

std::optional<Found> IndexCache::find(const fs::path& file) const {
  const auto entry = entries_.find(file.string());
  if (entry == entries_.end()) return std::nullopt;
  const std::string stamp = stamp_of(file);
  if (stamp.empty() || stamp != entry->second.stamp) return std::nullopt;
  return entry->second.found;
}

void IndexCache::save(const std::vector<Found>& found) const {
  if (path_.empty()) return;
  Json json = {{"format", kFormat}, {"pass_hdr", pass_hdr_}, {"clips", Json::array()}};
  for (const Found& each : found) json["clips"].push_back(to_json(each));
  const fs::path part = path_.string() + ".part";
  std::ofstream stream(part);
  stream << json.dump(1) << '\n';
  stream.close();
  std::error_code error;
  if (stream) fs::rename(part, path_, error);
  if (!stream || error) log::warn("{}: the index could not be kept", path_.string());
}

}  // namespace oasis::data
