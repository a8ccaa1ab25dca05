#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "convert_source.h"
#include "convert_wan.h"
#include "oasis/checkpoint/mapped_file.h"
#include "oasis/checkpoint/safetensors.h"
#include "oasis/checkpoint/strict_json.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/model/dit_keys.h"

namespace oasis::tools {
namespace fs = std::filesystem;
namespace {

/// The official folders hold the transformer at the top, diffusers' ones under transformer/.
fs::path transformer_in(const fs::path& path) {
  if (fs::is_directory(path / "transformer")) return path / "transformer";
  return path;
}

/// The number of heads that the config.json beside the weights tells; the tensors do not.
std::optional<std::int64_t> heads_beside(const fs::path& weights) {
  const fs::path folder = fs::is_directory(weights) ? weights : weights.parent_path();
  const fs::path path = folder / "config.json";
  if (!fs::is_regular_file(path)) return std::nullopt;
  const auto file = checkpoint::MappedFile::open(path);
  const auto config = checkpoint::parse_strict_json(file->text(), path.string());
  for (const char* key : {"num_heads", "num_attention_heads"}) {
    const auto found = config.find(key);
    if (found == config.end()) continue;
    if (!found->is_number_unsigned() || found->get<std::uint64_t>() == 0 ||
        found->get<std::uint64_t>() > 4096) {
      throw Error(ExitCode::unreadable_input,
                  fmt::format("{}: '{}' is no plausible number of heads", path.string(), key));
    }
    return found->get<std::int64_t>();
  }
  return std::nullopt;
}

/// Errors about the tensors themselves do not know the file.
template <typename Action>
auto naming_the_file(const fs::path& path, Action action) {
  try {
    return action();
  } catch (const Error& error) {
    throw Error(ExitCode::unreadable_input, fmt::format("{}: {}", path.string(), error.what()));
  }
}

}  // namespace

void convert_dit(const WanSources& sources, const fs::path& folder,
                 model::ModelDescription& about) {
  const fs::path path = transformer_in(sources.dit);
  const Source source = open_source("DiT", path);
  const auto official =
      naming_the_file(path, [&] { return model::to_official_dit(source.tensors); });
  const auto heads = sources.heads ? sources.heads : heads_beside(path);
  about.dit = naming_the_file(path, [&] { return model::infer_dit_config(official, heads); });
  checkpoint::require_fit(model::dit_targets(about.dit), official, path.string());
  if (about.dit.in_channels != about.vae.z_dim || about.dit.out_channels != about.vae.z_dim) {
    throw Error(
        ExitCode::unreadable_input,
        fmt::format("{}: the transformer has {} and {} channels, Wan2.1's latents have {}",
                    path.string(), about.dit.in_channels, about.dit.out_channels, about.vae.z_dim));
  }
  std::vector<std::string> left_out;
  bool diffusers = false;
  for (const auto& entry : source.tensors) {
    const std::string& name = entry.first;
    diffusers = diffusers || name.find(".attn1.to_q.") != std::string::npos;
    if (name.find(".norm_added_q.") != std::string::npos) left_out.push_back(name);
  }
  log_mapping(source, official.size(), diffusers ? "diffusers" : "official", left_out,
              "not part of a text-to-video model");
  log::info("DiT: {} layers, width {}, {} heads, {} parameters", about.dit.layers, about.dit.dim,
            about.dit.num_heads, model::parameter_count(about.dit));
  checkpoint::write_safetensors(folder / "dit.safetensors", official, {{"format", "pt"}},
                                {parse_precision(sources.precision, c10::Device(c10::kCPU)),
                                 checkpoint::SourcePages::release});
}

}  // namespace oasis::tools
