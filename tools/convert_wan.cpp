#include "convert_wan.h"

#include <torch/torch.h>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/checkpoint/torch_pickle.h"
#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/model/dit_keys.h"
#include "oasis/model/empty_prompt.h"
#include "oasis/model/oasis_model.h"
#include "oasis/model/wan_dit.h"

namespace oasis::tools {
namespace {

using checkpoint::StateDict;

StateDict read_any(const std::filesystem::path& path) {
  const bool pickle = path.extension() == ".pth" || path.extension() == ".pt";
  StateDict tensors =
      pickle ? checkpoint::read_pth(path).tensors : checkpoint::load_safetensors(path);
  log::info("{}: {} tensors", path.string(), tensors.size());
  return tensors;
}

/// The official folders hold the transformer at the top, diffusers' ones under transformer/.
std::filesystem::path transformer_in(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path / "transformer")) return path / "transformer";
  return path;
}

StateDict cast(const StateDict& tensors, at::ScalarType type) {
  StateDict out;
  for (const auto& [name, tensor] : tensors) out.emplace(name, tensor.to(type));
  return out;
}

/// The names and shapes of the file against those of the configuration, before anything is written.
void check_dit(const StateDict& tensors, const model::WanDitConfig& config,
               const std::string& what) {
  std::vector<std::pair<std::string, at::Tensor>> targets;
  const auto meta = at::TensorOptions().device(at::kMeta);
  for (const auto& [name, shape] : model::dit_shapes(config)) {
    targets.emplace_back(name, at::empty(shape, meta));
  }
  checkpoint::LoadReport report;
  std::map<std::string, at::Tensor> wanted(targets.begin(), targets.end());
  for (const auto& [name, tensor] : tensors) {
    const auto found = wanted.find(name);
    if (found == wanted.end()) {
      report.unexpected.push_back(name);
    } else if (found->second.sizes() != tensor.sizes()) {
      report.mismatched.push_back(name);
    }
  }
  for (const auto& [name, target] : wanted) {
    if (!tensors.contains(name)) report.missing.push_back(name);
  }
  if (!report.complete()) {
    throw Error(ExitCode::unreadable_input, fmt::format("{}: {}", what, report.summary()));
  }
}

void write_dit(const WanSources& sources, at::ScalarType type, model::ModelDescription& about) {
  const StateDict raw = read_any(transformer_in(sources.dit));
  const auto naming = model::detect_dit_naming(raw);
  const StateDict official = model::to_official_dit(raw);
  about.dit = model::infer_dit_config(official);
  check_dit(official, about.dit, sources.dit.string());
  log::info("DiT: {} names, {} layers, width {}, {} parameters",
            naming == model::DitNaming::diffusers ? "diffusers" : "official", about.dit.layers,
            about.dit.dim, model::parameter_count(about.dit));
  checkpoint::write_safetensors(sources.out / "dit.safetensors", cast(official, type));
}

void write_vae(const WanSources& sources, at::ScalarType type,
               const model::ModelDescription& about) {
  StateDict weights = read_any(sources.vae);
  if (model::has_diffusers_vae_names(weights)) {
    log::info("VAE: diffusers names, renamed");
    weights = model::vae_from_diffusers(weights, about.vae);
  }
  const model::WanVaeDecoder decoder(about.vae, at::TensorOptions().dtype(type));
  const model::WanVaeEncoder encoder(about.vae, at::TensorOptions().dtype(type));
  auto all = decoder.parameters();
  all.insert(all.end(), encoder.parameters().begin(), encoder.parameters().end());
  checkpoint::load_strictly(all, weights, sources.vae.string());
  const auto dict = [](const auto& items) { return StateDict(items.begin(), items.end()); };
  if (about.decoder == model::DecoderKind::wan_vae) {
    checkpoint::write_safetensors(sources.out / "decoder.safetensors", dict(decoder.parameters()));
  }
  checkpoint::write_safetensors(sources.out / "vae_encoder.safetensors",
                                dict(encoder.parameters()));
  log::info("VAE: decoder and encoder (training needs the encoder, upscaling does not)");
}

void write_taehv(const WanSources& sources, at::ScalarType type,
                 const model::ModelDescription& about) {
  const model::TaehvDecoder decoder(about.taehv, at::TensorOptions().dtype(type));
  const StateDict weights = read_any(sources.taehv);
  checkpoint::load_strictly(decoder.parameters(), model::taehv_decoder_weights(weights, decoder),
                            sources.taehv.string());
  checkpoint::write_safetensors(
      sources.out / "decoder.safetensors",
      StateDict(decoder.parameters().begin(), decoder.parameters().end()));
  log::info("TAEHV: decoder; its encoder is left out");
}

void write_prompt(const WanSources& sources, const model::ModelDescription& about) {
  const StateDict weights = read_any(sources.t5);
  const bool official = weights.contains("token_embedding.weight");
  const auto source = [&](const std::string& name) {
    const auto found = weights.find(name);
    return found == weights.end() ? at::Tensor() : found->second;
  };
  const at::Tensor context = model::empty_prompt_context(
      source, official ? model::T5Naming::official : model::T5Naming::transformers);
  if (context.size(1) != about.dit.text_dim) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: width {} does not fit the DiT's text_dim {}", sources.t5.string(),
                            context.size(1), about.dit.text_dim));
  }
  checkpoint::write_safetensors(sources.out / "empty_prompt.safetensors", {{"context", context}});
  log::info("empty prompt: from umT5");
}

}  // namespace

void convert_wan(const WanSources& sources) {
  const torch::NoGradGuard no_grad;
  if (sources.vae.empty() && sources.taehv.empty()) {
    throw Error(ExitCode::usage, "a decoder is needed: give --vae or --taehv");
  }
  std::filesystem::create_directories(sources.out);
  const auto type = parse_precision(sources.precision, c10::Device(c10::kCPU));
  model::ModelDescription about = model::wan_1_3b_description();
  about.name = "oasis-from-wan";
  about.precision = sources.precision;
  about.provenance = "Wan2.1 weights; projector initialised at random; not trained for upscaling";
  about.decoder = sources.taehv.empty() ? model::DecoderKind::wan_vae : model::DecoderKind::taehv;
  write_dit(sources, type, about);
  if (!sources.vae.empty()) write_vae(sources, type, about);
  if (!sources.taehv.empty()) write_taehv(sources, type, about);
  if (sources.t5.empty()) {
    log::warn("no umT5 file: the model uses a zero prompt, which is not Wan's empty prompt");
  } else {
    write_prompt(sources, about);
    about.prompt = "t5_empty";
  }
  model::Projector projector(about.projector, about.vae.z_dim,
                             at::TensorOptions().dtype(at::kFloat));
  projector.reset_parameters(sources.seed);
  StateDict projector_weights;
  for (const auto& item : projector.named_parameters()) {
    projector_weights.emplace(item.key(), item.value().detach());
  }
  checkpoint::write_safetensors(sources.out / "projector.safetensors", projector_weights);
  model::write_model_description(sources.out, about);
  log::info("{}: done; train it before use (the projector is random)", sources.out.string());
}

}  // namespace oasis::tools
