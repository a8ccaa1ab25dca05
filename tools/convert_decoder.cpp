#include <fmt/format.h>

#include <array>

#include "convert_source.h"
#include "convert_wan.h"
#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/model/taehv.h"
#include "oasis/model/wan_vae.h"

namespace oasis::tools {
namespace {

using checkpoint::StateDict;
using Named = std::vector<std::pair<std::string, at::Tensor>>;

at::TensorOptions without_memory() { return at::TensorOptions().device(at::kMeta); }

/// The size of one axis of a tensor that tells a network's shape.
std::int64_t extent(const Source& source, const StateDict& tensors, const std::string& name,
                    std::int64_t axis) {
  const auto found = tensors.find(name);
  if (found == tensors.end() || found->second.dim() <= axis) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: this is no {} ('{}' is not in it, or of another shape)",
                            source.path.string(), source.part, name));
  }
  return found->second.size(axis);
}

StateDict pick(const StateDict& tensors, const Named& targets) {
  StateDict picked;
  for (const auto& target : targets) picked.emplace(target.first, tensors.at(target.first));
  return picked;
}

void write(const std::filesystem::path& path, const StateDict& tensors, const WanSources& sources) {
  checkpoint::write_safetensors(path, tensors, {{"format", "pt"}},
                                {parse_precision(sources.precision, c10::Device(c10::kCPU)),
                                 checkpoint::SourcePages::release});
}

}  // namespace

void convert_vae(const WanSources& sources, const std::filesystem::path& folder,
                 model::ModelDescription& about) {
  const Source source = open_source("Wan VAE", sources.vae);
  const bool diffusers = model::has_diffusers_vae_names(source.tensors);
  const StateDict tensors =
      diffusers ? model::vae_from_diffusers(source.tensors, about.vae) : source.tensors;
  about.vae.dim = extent(source, tensors, "decoder.head.0.gamma", 0);
  const std::int64_t channels = extent(source, tensors, "conv2.weight", 0);
  if (channels != about.vae.z_dim) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: a VAE of {} latent channels; Wan2.1's has {}",
                            source.path.string(), channels, about.vae.z_dim));
  }
  const model::WanVaeDecoder decoder(about.vae, without_memory());
  const model::WanVaeEncoder encoder(about.vae, without_memory());
  Named all = decoder.parameters();
  all.insert(all.end(), encoder.parameters().begin(), encoder.parameters().end());
  checkpoint::require_fit(all, tensors, source.path.string());
  const StateDict encoding = pick(tensors, encoder.parameters());
  write(folder / "vae_encoder.safetensors", encoding, sources);
  const char* naming = diffusers ? "diffusers" : "official";
  if (about.decoder == model::DecoderKind::wan_vae) {
    write(folder / "decoder.safetensors", pick(tensors, decoder.parameters()), sources);
    log_mapping(source, all.size(), naming, {}, "");
  } else {
    log_mapping(source, encoding.size(), naming, names_without(tensors, encoding),
                "TAEHV takes the decoder's place");
  }
  log::info("Wan VAE: training needs the encoder, upscaling does not");
}

void convert_taehv(const WanSources& sources, const std::filesystem::path& folder,
                   model::ModelDescription& about) {
  const Source source = open_source("TAEHV", sources.taehv);
  const std::array<const char*, 4> wide = {"decoder.1.weight", "decoder.8.weight",
                                           "decoder.14.weight", "decoder.20.weight"};
  for (std::size_t i = 0; i < wide.size(); ++i) {
    about.taehv.widths[i] = extent(source, source.tensors, wide[i], 0);
  }
  about.taehv.latent_channels = extent(source, source.tensors, wide[0], 1);
  if (about.taehv.latent_channels != about.vae.z_dim) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: a TAEHV of {} latent channels; Wan2.1's has {}",
                            source.path.string(), about.taehv.latent_channels, about.vae.z_dim));
  }
  const model::TaehvDecoder decoder(about.taehv, without_memory());
  const StateDict tensors = model::taehv_decoder_weights(source.tensors, decoder);
  checkpoint::require_fit(decoder.parameters(), tensors, source.path.string());
  write(folder / "decoder.safetensors", tensors, sources);
  log_mapping(source, tensors.size(), "TAEHV's own", names_without(source.tensors, tensors),
              "the encoder");
}

}  // namespace oasis::tools
