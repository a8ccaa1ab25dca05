#include "oasis/infer/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "oasis/core/error.h"

namespace oasis::infer {
namespace fs = std::filesystem;
namespace {

constexpr int kFormat = 1;

std::string state_of_file(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  const auto time = fs::last_write_time(path, error);
  return fmt::format("{}@{}", size, time.time_since_epoch().count());
}

/// Whether a folder holds nothing but what runs that can be gone on from leave.
bool holds_only_parts(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const std::string kind = entry.path().extension().string();
    if (kind != ".packets" && kind != ".part" && name != "images") return false;
  }
  return true;
}

}  // namespace

fs::path Journal::folder_of(const fs::path& output) {
  fs::path folder = output.has_filename() ? output : output.parent_path();
  folder += ".part.d";
  return folder;
}

Journal::Journal(const fs::path& folder, const Facts& work, const Facts& settled)
    : folder_(folder), settled_(settled) {
  std::error_code error;
  continues_ = fs::exists(folder_ / "journal.json", error);
  if (continues_) {
    take_up(work);
  } else {
    start(work);
  }
}

void Journal::take_up(const Facts& work) {
  const fs::path path = folder_ / "journal.json";
  std::ifstream file(path);
  const auto json = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  Facts before;
  try {
    if (json.at("format") != kFormat) throw std::invalid_argument("format");
    before = json.at("work").get<Facts>();
    settled_ = json.at("settled").get<Facts>();
  } catch (const std::exception&) {
    throw Error(fmt::format("--resume: {} cannot be read: delete the folder {} to start again",
                            path.string(), folder_.string()));
  }
  for (const auto& [key, value] : work) {
    const auto found = before.find(key);
    const std::string old = found == before.end() ? "unknown" : found->second;
    if (old == value) continue;
    throw Error(ExitCode::usage,
                fmt::format("--resume: the parts in {} were made with another {} ({}, now {}): use "
                            "the same input and options, or delete that folder to start again",
                            folder_.string(), key, old, value));
  }
}

void Journal::start(const Facts& work) {
  std::error_code error;
  if (!holds_only_parts(folder_)) {
    throw Error(ExitCode::usage, fmt::format("--resume: {} is no folder of parts: name another "
                                             "output, or move it away",
                                             folder_.string()));
  }
  fs::remove_all(folder_, error);
  fs::create_directories(folder_, error);
  const nlohmann::json json = {{"format", kFormat}, {"work", work}, {"settled", settled_}};
  const fs::path path = folder_ / "journal.json";
  const fs::path part = path.string() + ".part";
  std::ofstream file(part);
  file << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  file.close();
  if (file) fs::rename(part, path, error);
  if (!file || error) throw Error(fmt::format("--resume: cannot write {}", path.string()));
}

std::string Journal::settled(const std::string& key) const {
  const auto found = settled_.find(key);
  return found == settled_.end() ? std::string() : found->second;
}

void Journal::remove() {
  std::error_code error;
  fs::remove_all(folder_, error);
}

std::string file_state(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return state_of_file(path);
  std::vector<std::string> lines;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    lines.push_back(entry.path().filename().string() + " " + state_of_file(entry.path()));
  }
  std::sort(lines.begin(), lines.end());
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const std::string& line : lines) {
    for (const char c : line + "\n")
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return fmt::format("{} files, {:016x}", lines.size(), hash);
}

}  // namespace oasis::infer
