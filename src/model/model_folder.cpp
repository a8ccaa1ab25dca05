#include "oasis/model/model_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "oasis/config/config_node.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"

namespace oasis::model {
namespace {

using config::ConfigNode;

WanDitConfig read_dit(const ConfigNode& node) {
  WanDitConfig dit;
  dit.dim = node.integer("dim");
  dit.layers = node.integer("layers");
  dit.num_heads = node.integer("num_heads");
  dit.ffn_dim = node.integer("ffn_dim");
  dit.freq_dim = node.integer("freq_dim", dit.freq_dim);
  dit.text_dim = node.integer("text_dim");
  dit.text_len = node.integer("text_len", dit.text_len);
  dit.in_channels = node.integer("in_channels");
  dit.out_channels = node.integer("out_channels");
  node.reject_unknown();
  validate(dit);
  return dit;
}

template <typename T, std::size_t N>
std::array<T, N> exactly(const ConfigNode& node, const std::string& key,
                         const std::vector<T>& values) {
  if (values.size() != N) node.fail(key, fmt::format("'{}' should have {} entries", key, N));
  std::array<T, N> out{};
  for (std::size_t i = 0; i < N; ++i) out[i] = values[i];
  return out;
}

void read_latent(const ConfigNode& node, ModelDescription& about) {
  about.vae.z_dim = node.integer("channels");
  const auto size = static_cast<std::size_t>(about.vae.z_dim);
  if (node.has("mean")) about.vae.latents_mean = node.numbers("mean");
  if (node.has("std")) about.vae.latents_std = node.numbers("std");
  if (about.vae.latents_mean.size() != about.vae.latents_std.size() ||
      (!about.vae.latents_mean.empty() && about.vae.latents_mean.size() != size)) {
    node.fail("mean",
              fmt::format("'latent.mean' and 'latent.std' should have {} entries each", size));
  }
  node.reject_unknown();
}

void read_conditional(const ConfigNode& node, TaehvConfig& decoder) {
  decoder.condition_channels = node.boolean("conditioned", true) ? 12 : 0;
  decoder.named_head = true;
  if (node.has("blocks")) {
    decoder.blocks = exactly<std::int64_t, 4>(node, "blocks", node.integers("blocks"));
  }
  decoder.head_upscale = node.integer("head_upscale", decoder.head_upscale);
  if (decoder.head_upscale == 4) decoder.space_upscale = {true, false, false};
  if (decoder.head_upscale != 1 && decoder.head_upscale != 4) {
    node.fail("head_upscale", "'head_upscale' is 1 (the steps enlarge) or 4 (the last layer does)");
  }
  decoder.condition_frames = node.boolean("condition_frames", decoder.condition_frames);
  decoder.condition_neighbours = node.integer("neighbours", decoder.condition_neighbours);
  decoder.align = node.boolean("align", decoder.align);
  decoder.negative_slope = node.number("negative_slope", decoder.negative_slope);
  try {
    validate(decoder);
  } catch (const Error& error) {
    node.fail("widths", error.what());
  }
}

void read_decoder(const ConfigNode& node, ModelDescription& about) {
  about.decoder = decoder_kind_from(node.text("kind"));
  if (about.decoder == DecoderKind::frame_cnn) {
    about.frame_cnn.width = node.integer("width");
    about.frame_cnn.blocks = node.integer("blocks");
    node.reject_unknown();
    return;
  }
  if (about.decoder == DecoderKind::wan_vae) {
    about.vae.dim = node.integer("dim", about.vae.dim);
    about.vae.num_res_blocks = node.integer("num_res_blocks", about.vae.num_res_blocks);
    if (node.has("dim_mult")) about.vae.dim_mult = node.integers("dim_mult");
    if (node.has("temporal_downsample")) {
      about.vae.temporal_downsample = node.booleans("temporal_downsample");
    }
    if (about.vae.dim_mult.size() != about.vae.temporal_downsample.size() + 1) {
      node.fail("dim_mult",
                "'decoder.temporal_downsample' should have one entry less than 'dim_mult'");
    }
  } else {
    about.taehv.widths = exactly<std::int64_t, 4>(node, "widths", node.integers("widths"));
    about.taehv.latent_channels = about.vae.z_dim;
    if (about.decoder == DecoderKind::light_conditional) read_conditional(node, about.taehv);
  }
  node.reject_unknown();
}

nn::AttentionWindow read_window(const ConfigNode& node) {
  const auto sizes = exactly<std::int64_t, 3>(node, "window", node.integers("window"));
  const nn::AttentionWindow window{sizes[0], sizes[1], sizes[2]};
  try {
    nn::check_window(window);
  } catch (const Error& error) {
    node.fail("window", error.what());
  }
  return window;
}

/// Names of files in the folder itself, hashes as `file_hash` gives them.
std::map<std::string, std::string> read_files(const ConfigNode& node) {
  constexpr std::string_view prefix = "sha256:";
  constexpr std::string_view digits = "0123456789abcdef";
  std::map<std::string, std::string> files;
  for (const std::string& name : node.keys()) {
    if (name.find('/') != std::string::npos || name == "..") {
      node.fail(name, fmt::format("'{}' does not lie in the model folder itself", name));
    }
    const std::string hash = node.text(name);
    if (hash.size() != prefix.size() + 64 || !hash.starts_with(prefix) ||
        hash.find_first_not_of(digits, prefix.size()) != std::string::npos) {
      node.fail(name, fmt::format("'{}' should have 'sha256:' and 64 hexadecimal digits", name));
    }
    files[name] = hash;
  }
  return files;
}

void read_head_map(const std::filesystem::path& folder, ModelDescription& about) {
  const auto path = folder / "head_map.yaml";
  if (!std::filesystem::exists(path)) return;
  about.head_map = nn::read_head_map(path, about.dit.layers, about.dit.num_heads);
  const nn::AttentionWindow& window = about.head_map->window;
  if (window.frames != about.window.frames || window.rows != about.window.rows ||
      window.cols != about.window.cols) {
    log::warn("{}: its window [{}, {}, {}] replaces the one in model.yaml", path.string(),
              window.frames, window.rows, window.cols);
  }
  about.window = window;
}

}  // namespace

std::string to_string(DecoderKind kind) {
  switch (kind) {
    case DecoderKind::wan_vae:
      return "wan_vae";
    case DecoderKind::taehv:
      return "taehv";
    case DecoderKind::light_conditional:
      return "light_conditional";
    case DecoderKind::frame_cnn:
      break;
  }
  return "frame_cnn";
}

bool uses_latent(DecoderKind kind) { return kind != DecoderKind::frame_cnn; }

DecoderKind decoder_kind_from(const std::string& name) {
  for (auto kind : {DecoderKind::wan_vae, DecoderKind::taehv, DecoderKind::light_conditional,
                    DecoderKind::frame_cnn}) {
    if (to_string(kind) == name) return kind;
  }
  throw Error(
      ExitCode::usage,
      fmt::format("unknown decoder '{}': use wan_vae, taehv, light_conditional or frame_cnn",
                  name));
}

ModelDescription read_model_description(const std::filesystem::path& folder) {
  const auto path = folder / "model.yaml";
  if (!std::filesystem::is_regular_file(path)) {
    throw Error(ExitCode::usage,
                fmt::format("{}: no model folder (model.yaml is missing)", folder.string()));
  }
  const ConfigNode node = ConfigNode::load(path);
  if (node.integer("format") != 1) node.fail("format", "this program reads format 1 only");
  if (node.integer("scale", 4) != 4) node.fail("scale", "models of scale 4 only");
  ModelDescription about;
  about.name = node.text("name");
  about.trained = node.boolean("trained");
  about.licence = node.text("licence", "");
  about.provenance = node.text("provenance", "");
  about.precision = node.text("precision", about.precision);
  about.dit = read_dit(node.child("dit"));
  read_latent(node.child("latent"), about);
  const ConfigNode projector = node.child("projector");
  about.projector = projector_mode_from(projector.text("mode"));
  projector.reject_unknown();
  read_decoder(node.child("decoder"), about);
  about.timestep = node.number("timestep", about.timestep);
  about.sigma = node.number("sigma", about.timestep / 1000);
  if (node.has("window")) about.window = read_window(node);
  about.prompt = node.text("prompt", about.prompt);
  if (about.prompt != "t5_empty" && about.prompt != "zeros") {
    node.fail("prompt", "'prompt' is t5_empty or zeros");
  }
  if (node.has("files")) about.files = read_files(node.child("files"));
  node.reject_unknown();
  read_head_map(folder, about);
  return about;
}

}  // namespace oasis::model
