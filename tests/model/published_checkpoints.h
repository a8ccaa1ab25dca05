#pragma once

#include <torch/torch.h>

#include <array>
#include <string>
#include <utility>

#include "oasis/checkpoint/state_dict.h"
#include "oasis/model/dit_keys.h"
#include "oasis/model/taehv.h"
#include "oasis/model/wan_vae.h"

/// Checkpoints with the names and structure of the published ones, but small and random.
namespace oasis::model::testing {

inline at::Tensor random_parameter(const std::string& name, at::IntArrayRef shape) {
  const bool scale = name.ends_with("gamma") ||
                     (name.find("norm") != std::string::npos && name.ends_with("weight"));
  return torch::randn(shape) * 0.1 + (scale ? 1.0 : 0.0);
}

inline WanDitConfig small_dit() {
  WanDitConfig config;
  config.dim = 32;
  config.layers = 2;
  config.num_heads = 2;
  config.ffn_dim = 48;
  config.freq_dim = 16;
  config.text_dim = 8;
  return config;
}

inline checkpoint::StateDict dit_checkpoint(const WanDitConfig& config) {
  checkpoint::StateDict tensors;
  for (const auto& [name, shape] : dit_shapes(config))
    tensors[name] = random_parameter(name, shape);
  return tensors;
}

/// The published network at a twelfth of its width.
inline WanVaeConfig small_vae() {
  WanVaeConfig config = WanVaeConfig::wan21();
  config.dim = 8;
  return config;
}

inline checkpoint::StateDict vae_checkpoint() {
  const auto meta = at::TensorOptions().device(at::kMeta);
  const WanVaeDecoder decoder(small_vae(), meta);
  const WanVaeEncoder encoder(small_vae(), meta);
  checkpoint::StateDict tensors;
  for (const auto* half : {&decoder.parameters(), &encoder.parameters()}) {
    for (const auto& [name, target] : *half) tensors[name] = random_parameter(name, target.sizes());
  }
  return tensors;
}

inline TaehvConfig small_taehv() {
  TaehvConfig config;
  config.widths = {12, 8, 6, 4};
  return config;
}

/// With some of the encoder's tensors, as the published file has them.
inline checkpoint::StateDict taehv_checkpoint() {
  const TaehvDecoder decoder(small_taehv(), at::TensorOptions().device(at::kMeta));
  checkpoint::StateDict tensors;
  for (const auto& [name, target] : decoder.parameters()) {
    tensors[name] = random_parameter(name, target.sizes());
  }
  tensors["encoder.0.weight"] = torch::randn({6, 3, 3, 3});
  tensors["encoder.0.bias"] = torch::randn({6});
  return tensors;
}

/// A umT5 encoder of the published depth and width 8, with the tensors that a lone token does not
/// need. Official names.
inline checkpoint::StateDict t5_checkpoint() {
  checkpoint::StateDict tensors;
  const auto add = [&](const std::string& name, at::IntArrayRef shape) {
    tensors[name] = random_parameter(name, shape).to(at::kBFloat16);
  };
  add("token_embedding.weight", {4, 8});
  add("norm.weight", {8});
  for (int layer = 0; layer < 24; ++layer) {
    const std::string block = "blocks." + std::to_string(layer) + ".";
    for (const char* part : {"q", "k", "v", "o"}) add(block + "attn." + part + ".weight", {8, 8});
    for (const char* norm : {"norm1", "norm2"}) add(block + norm + ".weight", {8});
    for (const char* part : {"ffn.gate.0", "ffn.fc1"}) add(block + part + ".weight", {12, 8});
    add(block + "ffn.fc2.weight", {8, 12});
    add(block + "pos_embedding.embedding.weight", {32, 2});
  }
  return tensors;
}

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// `blocks.3.attn.v.weight` as transformers' UMT5EncoderModel calls it.
inline std::string transformers_t5_name(const std::string& official) {
  if (official == "token_embedding.weight") return "shared.weight";
  if (official == "norm.weight") return "encoder.final_layer_norm.weight";
  std::string name = replaced(official, "blocks.", "encoder.block.");
  const std::array<std::pair<const char*, const char*>, 7> parts = {
      {{".norm1.", ".layer.0.layer_norm."},
       {".attn.", ".layer.0.SelfAttention."},
       {".pos_embedding.embedding.", ".layer.0.SelfAttention.relative_attention_bias."},
       {".norm2.", ".layer.1.layer_norm."},
       {".ffn.gate.0.", ".layer.1.DenseReluDense.wi_0."},
       {".ffn.fc1.", ".layer.1.DenseReluDense.wi_1."},
       {".ffn.fc2.", ".layer.1.DenseReluDense.wo."}}};
  for (const auto& [from, to] : parts) name = replaced(name, from, to);
  return name;
}

/// An official VAE name as diffusers' AutoencoderKLWan calls it (published depth).
inline std::string diffusers_vae_name(std::string name) {
  if (name.starts_with("conv1.")) return "quant_" + replaced(name, "conv1", "conv");
  if (name.starts_with("conv2.")) return "post_quant_" + replaced(name, "conv2", "conv");
  const bool block =
      name.find("middle.") != std::string::npos || name.find("samples.") != std::string::npos;
  if (!block) {
    name = replaced(name, ".conv1.", ".conv_in.");
    return replaced(replaced(name, ".head.0.", ".norm_out."), ".head.2.", ".conv_out.");
  }
  name = replaced(name, ".residual.0.", ".norm1.");
  name = replaced(name, ".residual.2.", ".conv1.");
  name = replaced(name, ".residual.3.", ".norm2.");
  name = replaced(name, ".residual.6.", ".conv2.");
  name = replaced(name, ".shortcut.", ".conv_shortcut.");
  name = replaced(name, ".middle.0.", ".mid_block.resnets.0.");
  name = replaced(name, ".middle.1.", ".mid_block.attentions.0.");
  name = replaced(name, ".middle.2.", ".mid_block.resnets.1.");
  name = replaced(name, ".downsamples.", ".down_blocks.");
  const std::string up = "decoder.upsamples.";
  if (!name.starts_with(up)) return name;
  const int index = std::stoi(name.substr(up.size()));
  const std::string rest = name.substr(name.find('.', up.size()));
  const std::string place =
      index % 4 < 3 ? ".resnets." + std::to_string(index % 4) : std::string(".upsamplers.0");
  return "decoder.up_blocks." + std::to_string(index / 4) + place + rest;
}

template <typename Rename>
checkpoint::StateDict renamed(const checkpoint::StateDict& tensors, Rename rename) {
  checkpoint::StateDict result;
  for (const auto& [name, tensor] : tensors) result[rename(name)] = tensor;
  return result;
}

}  // namespace oasis::model::testing
