#include "oasis/train/trainable_model.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/model/oasis_model.h"
#include "oasis/nn/head_map.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;
using Named = AdamW::Parameters;

Named named(const torch::nn::Module& module) {
  Named out;
  for (const auto& item : module.named_parameters()) out.emplace_back(item.key(), item.value());
  return out;
}

void load_part(const fs::path& path, const Named& targets) {
  const torch::NoGradGuard no_grad;
  checkpoint::load_strictly(targets, checkpoint::load_safetensors(path), path.string(),
                            checkpoint::SourcePages::release);
}

void append(Named& to, const std::string& prefix, const Named& from, bool learns) {
  for (const auto& [name, tensor] : from) {
    tensor.set_requires_grad(learns);
    to.emplace_back(prefix + name, tensor);
  }
}

}  // namespace

TrainableModel::TrainableModel(const fs::path& folder, TrainedParts parts, bool with_encoder,
                               c10::Device device, c10::ScalarType precision)
    : folder_(folder),
      about_(model::read_model_description(folder)),
      device_(device),
      dit_learns_(parts != TrainedParts::decoder) {
  model::check_files(folder, about_);
  const auto wide =
      at::TensorOptions().dtype(precision == at::kDouble ? at::kDouble : at::kFloat).device(device);
  const auto weights = wide.dtype(precision);
  projector_ = std::make_shared<model::Projector>(about_.projector, about_.vae.z_dim, wide);
  load_part(folder / "projector.safetensors", named(*projector_));
  dit_ = std::make_shared<model::WanDit>(about_.dit, weights);
  load_part(folder / "dit.safetensors", named(*dit_));
  const Named decoder = make_decoder(parts, weights);
  load_part(folder / "decoder.safetensors", decoder);
  if (with_encoder) {
    encoder_ = std::make_unique<model::WanVaeEncoder>(about_.vae, weights);
    load_part(folder / "vae_encoder.safetensors", encoder_->parameters());
  }
  const auto prompt = folder / "empty_prompt.safetensors";
  prompt_ = about_.prompt == "zeros" ? at::zeros({0, about_.dit.text_dim}, wide)
                                     : checkpoint::load_safetensors(prompt).at("context").to(wide);

  const bool decoder_learns = parts != TrainedParts::dit;
  append(dit_learns_ ? trained_ : frozen_, "projector.", named(*projector_), dit_learns_);
  append(dit_learns_ ? trained_ : frozen_, "dit.", named(*dit_), dit_learns_);
  append(decoder_learns ? trained_ : frozen_, "decoder.", decoder, decoder_learns);
}

AdamW::Parameters TrainableModel::make_decoder(TrainedParts parts,
                                               const at::TensorOptions& weights) {
  const auto require = [&](bool fits, const char* why) {
    if (!fits) throw Error(ExitCode::usage, fmt::format("{}: {}", folder_.string(), why));
  };
  switch (about_.decoder) {
    case model::DecoderKind::wan_vae:
      require(parts == TrainedParts::dit, "the Wan decoder stays frozen; train.parts must be dit");
      wan_decoder_ = std::make_unique<model::WanVaeDecoder>(about_.vae, weights);
      return wan_decoder_->parameters();
    case model::DecoderKind::frame_cnn:
      require(parts == TrainedParts::decoder,
              "a frame_cnn has no use for a transformer; train.parts must be decoder");
      frame_cnn_ = std::make_unique<model::FrameCnn>(about_.frame_cnn, weights);
      return frame_cnn_->parameters();
    case model::DecoderKind::taehv:
    case model::DecoderKind::light_conditional:
      break;
  }
  light_decoder_ = std::make_unique<model::TaehvDecoder>(about_.taehv, weights);
  return light_decoder_->parameters();
}

void TrainableModel::use_head_map(const std::string& name) {
  if (name == "all_global") {
    about_.head_map.reset();
    const nn::HeadMap map = nn::all_global(about_.dit.layers, about_.dit.num_heads);
    dit_->set_head_kinds(map.layers, about_.window);
    return;
  }
  if (name != "start") {
    about_.head_map = nn::read_head_map(name, about_.dit.layers, about_.dit.num_heads);
    about_.window = about_.head_map->window;
  } else if (!about_.head_map) {
    throw Error(ExitCode::usage, fmt::format("{}: there is no head_map.yaml; set head_map: "
                                             "all_global or give a file",
                                             folder_.string()));
  }
  dit_->set_head_kinds(about_.head_map->layers, about_.window);
}

TrainableModel::Output TrainableModel::forward(const at::Tensor& lq, const at::Tensor& condition) {
  if (frame_cnn_) return {{}, decode({}, lq)};
  const at::Tensor z_h = restore(lq);
  return {z_h, decode(z_h, lq, condition)};
}

at::Tensor TrainableModel::restore(const at::Tensor& lq) {
  if (lora_) lora_->apply();
  const at::Tensor z_l = projector_->forward(lq);
  return z_l - about_.sigma * dit_->forward(z_l, about_.timestep, prompt_);
}

void TrainableModel::set_recompute(bool dit, bool decoder) {
  dit_->set_recompute(dit);
  if (wan_decoder_) wan_decoder_->set_recompute(decoder);
}

at::Tensor TrainableModel::decode(const at::Tensor& z_h, const at::Tensor& lq,
                                  const at::Tensor& condition) const {
  switch (about_.decoder) {
    case model::DecoderKind::wan_vae:
      return wan_decoder_->decode(z_h);
    case model::DecoderKind::taehv:
      return light_decoder_->decode(z_h) * 2 - 1;
    case model::DecoderKind::frame_cnn:
      return frame_cnn_->forward(lq, lq.size(0) * lq.size(2)) + model::bicubic_x4(lq);
    case model::DecoderKind::light_conditional:
      break;
  }
  at::Tensor frames;
  if (about_.taehv.condition_channels > 0) frames = model::stack_frames(lq);
  if (condition.defined()) frames = frames * condition.view({-1, 1, 1, 1, 1});
  return light_decoder_->decode(z_h, frames) + model::bicubic_x4(lq);
}

void TrainableModel::add_lora(const LoraOptions& options, std::uint64_t seed) {
  lora_ = std::make_unique<Lora>(*dit_, options, seed);
  const auto of_dit = [](const auto& item) { return item.first.rfind("dit.", 0) == 0; };
  for (const auto& item : trained_) {
    if (!of_dit(item)) continue;
    item.second.set_requires_grad(false);
    frozen_.push_back(item);
  }
  std::erase_if(trained_, of_dit);
  for (const auto& [name, tensor] : lora_->factors()) trained_.emplace_back("lora." + name, tensor);
}

at::Tensor TrainableModel::encode(const at::Tensor& hq) const {
  const torch::NoGradGuard no_grad;
  return encoder_->encode(hq);
}

std::int64_t TrainableModel::trained_count() const {
  std::int64_t count = 0;
  for (const auto& [name, tensor] : trained_) count += tensor.numel();
  return count;
}

std::int64_t TrainableModel::frozen_count() const {
  std::int64_t count = 0;
  for (const auto& [name, tensor] : frozen_) count += tensor.numel();
  return count;
}

void TrainableModel::save(const fs::path& folder, const checkpoint::StateDict& master,
                          const checkpoint::StateDict& ema, const std::string& provenance) const {
  fs::create_directories(folder);
  const auto precision = parse_precision(about_.precision, c10::Device(c10::kCPU));
  const auto part = [&](const std::string& name, const checkpoint::StateDict& trained) {
    checkpoint::StateDict tensors;
    for (const Named* group : {&trained_, &frozen_}) {
      for (const auto& [key, tensor] : *group) {
        if (key.rfind(name + ".", 0) != 0) continue;
        const auto value = trained.find(key);
        const at::Tensor source = value != trained.end() ? value->second : tensor;
        const auto dtype = name == "projector" ? at::kFloat : precision;
        tensors.emplace(key.substr(name.size() + 1), source.detach().to(at::kCPU, dtype));
      }
    }
    return tensors;
  };
  // What a projector's values are worth depends on where they come from (`projector_is_fit`).
  const auto metadata_of = [&](const std::string& name) -> checkpoint::SafetensorsMetadata {
    if (name != "projector") return {{"format", "pt"}};
    if (trained_.front().first.rfind("projector.", 0) != 0) {
      return checkpoint::read_safetensors(folder_ / "projector.safetensors").metadata();
    }
    return {{"format", "pt"}, {"origin", "trained"}};
  };
  for (const char* name : {"projector", "dit", "decoder"}) {
    if (lora_ && std::string(name) == "dit") {
      const auto base = about_.files.find("dit.safetensors");
      lora_->save(folder, part(name, {}), checkpoint::below_prefix(master, "lora."),
                  checkpoint::below_prefix(ema, "lora."),
                  base == about_.files.end() ? "" : base->second);
      continue;
    }
    checkpoint::write_safetensors(folder / fmt::format("{}.safetensors", name), part(name, master),
                                  metadata_of(name));
    const auto learned = checkpoint::below_prefix(ema, std::string(name) + ".");
    if (learned.empty()) continue;
    checkpoint::write_safetensors(folder / fmt::format("{}_ema.safetensors", name),
                                  part(name, ema));
  }
  model::copy_fixed_weights(folder_, folder);
  model::ModelDescription about = about_;
  // A decoder that learnt alone does not make a trained model of the rest.
  about.trained = about_.trained || dit_learns_ || frame_cnn_ != nullptr;
  about.provenance = provenance;
  model::write_model_description(folder, about);
}

}  // namespace oasis::train
