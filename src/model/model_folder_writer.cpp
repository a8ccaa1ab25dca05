#include <fmt/format.h>

#include <cstdint>
#include <fstream>
#include <string_view>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/model/architecture_text.h"
#include "oasis/model/model_folder.h"

namespace oasis::model {
namespace {

/// A YAML scalar: plain where that is safe, in double quotes otherwise.
std::string scalar(const std::string& text) {
  constexpr std::string_view safe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  const bool plain = !text.empty() && text.find_first_not_of(safe) == std::string::npos &&
                     text.front() != '-' && text.front() != '.';
  if (plain) return text;
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') quoted += '\\';
    quoted += letter == '\n' ? ' ' : letter;
  }
  return quoted + '"';
}

void require_fit(const nn::HeadMap& map, const WanDitConfig& dit) {
  bool fits = static_cast<std::int64_t>(map.layers.size()) == dit.layers;
  for (const auto& row : map.layers) {
    fits = fits && static_cast<std::int64_t>(row.size()) == dit.num_heads;
  }
  if (fits) return;
  throw Error(ExitCode::usage, fmt::format("the head map is not for {} layers of {} heads",
                                           dit.layers, dit.num_heads));
}

}  // namespace

void write_model_description(const std::filesystem::path& folder, ModelDescription about) {
  about.files.clear();
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") {
      about.files[entry.path().filename().string()] = file_hash(entry.path());
    }
  }
  if (about.head_map) require_fit(*about.head_map, about.dit);
  std::string text = fmt::format(
      "format: 1\nname: {}\ntrained: {}\nlicence: {}\nprovenance: {}\nprecision: {}\nscale: "
      "4\n",
      scalar(about.name), about.trained, scalar(about.licence), scalar(about.provenance),
      about.precision);
  text += architecture_text(about);
  if (!about.files.empty()) text += "files:\n";
  for (const auto& [name, hash] : about.files) text += fmt::format("  {}: {}\n", name, hash);

  if (about.head_map) nn::write_head_map(folder / "head_map.yaml", *about.head_map);
  const auto part = folder / "model.yaml.part";
  std::ofstream file(part);
  file << text;
  file.close();
  if (!file) throw Error(fmt::format("{}: cannot be written", part.string()));
  std::filesystem::rename(part, folder / "model.yaml");
}

}  // namespace oasis::model
