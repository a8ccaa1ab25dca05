#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <fstream>
#include <string_view>
#include <vector>

#include "oasis/core/error.h"
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

std::string list(const std::vector<double>& values) { return fmt::format("{}", values); }

std::string decoder_line(const ModelDescription& about) {
  if (about.decoder == DecoderKind::frame_cnn) {
    return fmt::format("{{kind: frame_cnn, width: {}, blocks: {}}}", about.frame_cnn.width,
                       about.frame_cnn.blocks);
  }
  if (about.decoder != DecoderKind::wan_vae) {
    const TaehvConfig& light = about.taehv;
    const TaehvConfig usual;
    std::string line = fmt::format("{{kind: {}, widths: [{}]", to_string(about.decoder),
                                   fmt::join(light.widths, ", "));
    if (light.blocks != usual.blocks) {
      line += fmt::format(", blocks: [{}]", fmt::join(light.blocks, ", "));
    }
    if (light.head_upscale != 1) line += fmt::format(", head_upscale: {}", light.head_upscale);
    if (about.decoder == DecoderKind::light_conditional && light.condition_channels == 0) {
      line += ", conditioned: false";
    }
    if (light.condition_frames) line += ", condition_frames: true";
    if (light.condition_neighbours != 0) {
      line += fmt::format(", neighbours: {}", light.condition_neighbours);
    }
    if (light.align) line += ", align: true";
    if (light.negative_slope != 0) {
      line += fmt::format(", negative_slope: {}", light.negative_slope);
    }
    return line + "}";
  }
  return fmt::format(
      "{{kind: wan_vae, dim: {}, dim_mult: [{}], num_res_blocks: {}, temporal_downsample: [{}]}}",
      about.vae.dim, fmt::join(about.vae.dim_mult, ", "), about.vae.num_res_blocks,
      fmt::join(about.vae.temporal_downsample, ", "));
}

}  // namespace

void write_model_description(const std::filesystem::path& folder, ModelDescription about) {
  about.files.clear();
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") {
      about.files[entry.path().filename().string()] = file_hash(entry.path());
    }
  }
  const WanDitConfig& dit = about.dit;
  std::string text = fmt::format(
      "format: 1\nname: {}\ntrained: {}\nlicence: {}\nprovenance: {}\nprecision: {}\nscale: "
      "4\n",
      scalar(about.name), about.trained, scalar(about.licence), scalar(about.provenance),
      about.precision);
  if (about.head_map) {
    require_fit(*about.head_map, dit);
    about.window = about.head_map->window;
  }
  text += fmt::format(
      "dit: {{dim: {}, layers: {}, num_heads: {}, ffn_dim: {}, freq_dim: {}, text_dim: {}, "
      "text_len: {}, "
      "in_channels: {}, out_channels: {}}}\n",
      dit.dim, dit.layers, dit.num_heads, dit.ffn_dim, dit.freq_dim, dit.text_dim, dit.text_len,
      dit.in_channels, dit.out_channels);
  text += fmt::format("latent: {{channels: {}", about.vae.z_dim);
  if (!about.vae.latents_mean.empty()) {
    text += fmt::format(", mean: {}, std: {}", list(about.vae.latents_mean),
                        list(about.vae.latents_std));
  }
  text += fmt::format("}}\nprojector: {{mode: {}}}\ndecoder: {}\n", to_string(about.projector),
                      decoder_line(about));
  text += fmt::format("timestep: {}\nsigma: {}\nwindow: [{}, {}, {}]\nprompt: {}\n", about.timestep,
                      about.sigma, about.window.frames, about.window.rows, about.window.cols,
                      about.prompt);
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
