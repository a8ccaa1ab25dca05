#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/checkpoint/strict_json.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"

namespace oasis::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view index_suffix = ".safetensors.index.json";
constexpr std::uint64_t max_index_bytes = 100'000'000;

Error unreadable(const std::string& message) { return Error(ExitCode::unreadable_input, message); }

bool ends_with(const std::string& text, std::string_view suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

// A shard lies beside its index: anything but a plain file name could lead elsewhere.
bool is_plain_file_name(const std::string& name) {
  return !name.empty() && name != "." && name.find("..") == std::string::npos &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
}

// Tensor name to shard.
std::map<std::string, std::string> read_weight_map(const fs::path& path) {
  const auto file = MappedFile::open(path);
  const std::string where = path.string() + ": safetensors index";
  if (file->size() > max_index_bytes) throw unreadable(where + " is too large");
  const nlohmann::json index = parse_strict_json(file->text(), where);
  const auto map = index.find("weight_map");
  if (map == index.end() || !map->is_object()) throw unreadable(where + " has no weight_map");
  std::map<std::string, std::string> result;
  for (const auto& [name, shard] : map->items()) {
    if (!shard.is_string() || !is_plain_file_name(shard.get_ref<const std::string&>())) {
      throw unreadable(
          fmt::format("{}: the shard of {} is no plain file name", where, quoted_name(name)));
    }
    result.emplace(name, shard.get<std::string>());
  }
  return result;
}

StateDict load_index(const fs::path& path) {
  const std::map<std::string, std::string> weight_map = read_weight_map(path);
  std::map<std::string, SafetensorsFile> shards;
  for (const auto& [name, shard] : weight_map) {
    if (shards.count(shard) == 0) {
      shards.emplace(shard, read_safetensors(path.parent_path() / shard));
    }
  }
  StateDict result;
  for (const auto& [shard, file] : shards) {
    for (const SafetensorsEntry& entry : file.entries()) {
      const auto mapped = weight_map.find(entry.name);
      if (mapped == weight_map.end()) {
        log::warn("{}: {} of shard {} is not in the index and is left out", path.string(),
                  quoted_name(entry.name), shard);
      } else if (mapped->second != shard) {
        throw unreadable(fmt::format("{}: {} should be in {} only but is in {} too", path.string(),
                                     quoted_name(entry.name), mapped->second, shard));
      } else {
        result.emplace(entry.name, file.tensor(entry.name));
      }
    }
  }
  for (const auto& [name, shard] : weight_map) {
    if (result.count(name) == 0) {
      throw unreadable(
          fmt::format("{}: {} is not in its shard {}", path.string(), quoted_name(name), shard));
    }
  }
  return result;
}

// The one index of a folder, or else its one safetensors file.
fs::path model_file_of(const fs::path& folder) {
  std::vector<fs::path> indices;
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error) {
    throw unreadable(fmt::format("{}: cannot read: {}", folder.string(), error.message()));
  }
  for (const fs::directory_entry& entry : entries) {
    const std::string name = entry.path().filename().string();
    if (ends_with(name, index_suffix)) indices.push_back(entry.path());
    if (ends_with(name, ".safetensors")) files.push_back(entry.path());
  }
  const std::vector<fs::path>& candidates = indices.empty() ? files : indices;
  if (candidates.size() == 1) return candidates.front();
  throw unreadable(fmt::format("{}: {} safetensors {}; name one file", folder.string(),
                               candidates.empty() ? "no" : "several",
                               indices.empty() ? "files" : "indices"));
}

}  // namespace

StateDict load_safetensors(const std::filesystem::path& path) {
  std::error_code error;
  const fs::path file = fs::is_directory(path, error) ? model_file_of(path) : path;
  if (ends_with(file.filename().string(), ".json")) return load_index(file);
  return read_safetensors(file).tensors();
}

}  // namespace oasis::checkpoint
