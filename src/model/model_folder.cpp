#include "oasis/model/model_folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>
#include <vector>

#include "oasis/config/config_node.h"
#include "oasis/core/error.h"

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

void read_decoder(const ConfigNode& node, ModelDescription& about) {
  about.decoder = decoder_kind_from(node.text("kind"));
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
    if (about.decoder == DecoderKind::light_conditional) {
      about.taehv.condition_channels = 12;
      about.taehv.named_head = true;
    }
  }
  node.reject_unknown();
}

std::string list(const std::vector<double>& values) { return fmt::format("{}", values); }

std::string decoder_line(const ModelDescription& about) {
  if (about.decoder != DecoderKind::wan_vae) {
    return fmt::format("{{kind: {}, widths: [{}]}}", to_string(about.decoder),
                       fmt::join(about.taehv.widths, ", "));
  }
  return fmt::format(
      "{{kind: wan_vae, dim: {}, dim_mult: [{}], num_res_blocks: {}, temporal_downsample: [{}]}}",
      about.vae.dim, fmt::join(about.vae.dim_mult, ", "), about.vae.num_res_blocks,
      fmt::join(about.vae.temporal_downsample, ", "));
}

}  // namespace

std::string to_string(DecoderKind kind) {
  if (kind == DecoderKind::taehv) return "taehv";
  return kind == DecoderKind::wan_vae ? "wan_vae" : "light_conditional";
}

DecoderKind decoder_kind_from(const std::string& name) {
  for (auto kind : {DecoderKind::wan_vae, DecoderKind::taehv, DecoderKind::light_conditional}) {
    if (to_string(kind) == name) return kind;
  }
  throw Error(ExitCode::usage,
              fmt::format("unknown decoder '{}': use wan_vae, taehv or light_conditional", name));
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
  if (node.has("window")) (void)node.integers("window");
  about.prompt = node.text("prompt", about.prompt);
  if (node.has("files")) {
    const ConfigNode files = node.child("files");
    for (const std::string& name : files.keys()) about.files[name] = files.text(name);
  }
  node.reject_unknown();
  return about;
}

void write_model_description(const std::filesystem::path& folder, ModelDescription about) {
  about.files.clear();
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") {
      about.files[entry.path().filename().string()] = file_hash(entry.path());
    }
  }
  const WanDitConfig& dit = about.dit;
  std::string text = fmt::format(
      "format: 1\nname: {}\ntrained: {}\nlicence: {}\nprovenance: \"{}\"\nprecision: {}\nscale: "
      "4\n",
      about.name, about.trained, about.licence, about.provenance, about.precision);
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
  text += fmt::format("timestep: {}\nsigma: {}\nwindow: [3, 5, 5]\nprompt: {}\nfiles:\n",
                      about.timestep, about.sigma, about.prompt);
  for (const auto& [name, hash] : about.files) text += fmt::format("  {}: {}\n", name, hash);

  const auto part = folder / "model.yaml.part";
  std::ofstream file(part);
  file << text;
  file.close();
  if (!file) throw Error(fmt::format("{}: cannot be written", part.string()));
  std::filesystem::rename(part, folder / "model.yaml");
}

std::string file_hash(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw Error(ExitCode::unreadable_input, fmt::format("{}: cannot be opened", path.string()));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::vector<char> buffer(1 << 20);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), file.gcount() > 0) {
    EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  std::array<unsigned char, 32> digest{};
  EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
  return fmt::format("sha256:{:02x}", fmt::join(digest, ""));
}

}  // namespace oasis::model
