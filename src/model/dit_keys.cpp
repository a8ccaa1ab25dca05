#include "oasis/model/dit_keys.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <string_view>

#include "oasis/core/error.h"

namespace oasis::model {
namespace {

struct NamePair {
  const char* official;
  const char* diffusers;
};

constexpr std::array kOutside = {
    NamePair{"patch_embedding.weight", "patch_embedding.weight"},
    NamePair{"patch_embedding.bias", "patch_embedding.bias"},
    NamePair{"text_embedding.0.weight", "condition_embedder.text_embedder.linear_1.weight"},
    NamePair{"text_embedding.0.bias", "condition_embedder.text_embedder.linear_1.bias"},
    NamePair{"text_embedding.2.weight", "condition_embedder.text_embedder.linear_2.weight"},
    NamePair{"text_embedding.2.bias", "condition_embedder.text_embedder.linear_2.bias"},
    NamePair{"time_embedding.0.weight", "condition_embedder.time_embedder.linear_1.weight"},
    NamePair{"time_embedding.0.bias", "condition_embedder.time_embedder.linear_1.bias"},
    NamePair{"time_embedding.2.weight", "condition_embedder.time_embedder.linear_2.weight"},
    NamePair{"time_embedding.2.bias", "condition_embedder.time_embedder.linear_2.bias"},
    NamePair{"time_projection.1.weight", "condition_embedder.time_proj.weight"},
    NamePair{"time_projection.1.bias", "condition_embedder.time_proj.bias"},
    NamePair{"head.head.weight", "proj_out.weight"},
    NamePair{"head.head.bias", "proj_out.bias"},
    NamePair{"head.modulation", "scale_shift_table"},
};

/// Below `blocks.<i>.`; diffusers' norm2 is the official norm3.
constexpr std::array kBlock = {
    NamePair{"modulation", "scale_shift_table"},
    NamePair{"self_attn.q.weight", "attn1.to_q.weight"},
    NamePair{"self_attn.q.bias", "attn1.to_q.bias"},
    NamePair{"self_attn.k.weight", "attn1.to_k.weight"},
    NamePair{"self_attn.k.bias", "attn1.to_k.bias"},
    NamePair{"self_attn.v.weight", "attn1.to_v.weight"},
    NamePair{"self_attn.v.bias", "attn1.to_v.bias"},
    NamePair{"self_attn.o.weight", "attn1.to_out.0.weight"},
    NamePair{"self_attn.o.bias", "attn1.to_out.0.bias"},
    NamePair{"self_attn.norm_q.weight", "attn1.norm_q.weight"},
    NamePair{"self_attn.norm_k.weight", "attn1.norm_k.weight"},
    NamePair{"cross_attn.q.weight", "attn2.to_q.weight"},
    NamePair{"cross_attn.q.bias", "attn2.to_q.bias"},
    NamePair{"cross_attn.k.weight", "attn2.to_k.weight"},
    NamePair{"cross_attn.k.bias", "attn2.to_k.bias"},
    NamePair{"cross_attn.v.weight", "attn2.to_v.weight"},
    NamePair{"cross_attn.v.bias", "attn2.to_v.bias"},
    NamePair{"cross_attn.o.weight", "attn2.to_out.0.weight"},
    NamePair{"cross_attn.o.bias", "attn2.to_out.0.bias"},
    NamePair{"cross_attn.norm_q.weight", "attn2.norm_q.weight"},
    NamePair{"cross_attn.norm_k.weight", "attn2.norm_k.weight"},
    NamePair{"norm3.weight", "norm2.weight"},
    NamePair{"norm3.bias", "norm2.bias"},
    NamePair{"ffn.0.weight", "ffn.net.0.proj.weight"},
    NamePair{"ffn.0.bias", "ffn.net.0.proj.bias"},
    NamePair{"ffn.2.weight", "ffn.net.2.weight"},
    NamePair{"ffn.2.bias", "ffn.net.2.bias"},
};

const std::vector<std::string> kPrefixes = {"model.diffusion_model.", "diffusion_model.",
                                            "module."};

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ExitCode::unreadable_input, reason);
}

bool contains(const std::string& name, std::string_view part) {
  return name.find(part) != std::string::npos;
}

/// The number of blocks: one more than the highest index.
std::int64_t count_layers(const checkpoint::StateDict& tensors) {
  constexpr std::string_view prefix = "blocks.";
  std::int64_t layers = 0;
  for (const auto& [name, tensor] : tensors) {
    if (name.rfind(prefix, 0) != 0) continue;
    std::int64_t index = -1;
    const auto* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + prefix.size(), end, index);
    // A checkpoint that numbers its blocks beyond its own tensors is damaged.
    if (parsed.ec != std::errc() || parsed.ptr == end || *parsed.ptr != '.' || index < 0 ||
        index >= static_cast<std::int64_t>(tensors.size())) {
      refuse(fmt::format("'{}' is not a tensor of a Wan transformer", name));
    }
    layers = std::max(layers, index + 1);
  }
  return layers;
}

void refuse_variants(const checkpoint::StateDict& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (name.rfind("img_emb.", 0) == 0 || contains(name, ".k_img.") || contains(name, ".v_img.") ||
        contains(name, "image_embedder.") || contains(name, ".add_k_proj.")) {
      refuse(fmt::format("this is an image-to-video checkpoint ('{}'); use Wan2.1-T2V", name));
    }
    if (name.rfind("vace_", 0) == 0) {
      refuse(fmt::format("this is a VACE checkpoint ('{}'); use Wan2.1-T2V", name));
    }
  }
  const auto patch = tensors.find("patch_embedding.weight");
  if (patch != tensors.end() && patch->second.dim() == 5 && patch->second.size(1) == 36) {
    refuse("this is an image-to-video checkpoint (36 input channels); use Wan2.1-T2V");
  }
}

checkpoint::StateDict renamed(const checkpoint::StateDict& tensors,
                              const std::map<std::string, std::string>& names) {
  checkpoint::StateDict result;
  for (const auto& [name, tensor] : tensors) {
    const auto found = names.find(name);
    const auto& target = found == names.end() ? name : found->second;
    if (!result.emplace(target, tensor).second) {
      refuse(fmt::format("the checkpoint has '{}' under two names", target));
    }
  }
  return result;
}

const at::Tensor& matrix(const checkpoint::StateDict& tensors, const std::string& name,
                         std::int64_t dims) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) refuse(fmt::format("the transformer's '{}' is missing", name));
  if (found->second.dim() != dims) {
    refuse(fmt::format("the transformer's '{}' has {} dimensions, not {}", name,
                       found->second.dim(), dims));
  }
  return found->second;
}

}  // namespace

std::vector<DitKey> dit_keys(std::int64_t layers) {
  std::vector<DitKey> keys;
  for (const auto& pair : kOutside) keys.push_back({pair.official, pair.diffusers});
  for (std::int64_t i = 0; i < layers; ++i) {
    for (const auto& pair : kBlock) {
      keys.push_back({fmt::format("blocks.{}.{}", i, pair.official),
                      fmt::format("blocks.{}.{}", i, pair.diffusers)});
    }
  }
  return keys;
}

std::vector<std::pair<std::string, std::vector<std::int64_t>>> dit_shapes(const WanDitConfig& c) {
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> shapes;
  const auto linear = [&](const std::string& name, std::int64_t out, std::int64_t in) {
    shapes.push_back({name + ".weight", {out, in}});
    shapes.push_back({name + ".bias", {out}});
  };
  shapes.push_back({"patch_embedding.weight", {c.dim, c.in_channels, 1, 2, 2}});
  shapes.push_back({"patch_embedding.bias", {c.dim}});
  linear("text_embedding.0", c.dim, c.text_dim);
  linear("text_embedding.2", c.dim, c.dim);
  linear("time_embedding.0", c.dim, c.freq_dim);
  linear("time_embedding.2", c.dim, c.dim);
  linear("time_projection.1", 6 * c.dim, c.dim);
  linear("head.head", 4 * c.out_channels, c.dim);
  shapes.push_back({"head.modulation", {1, 2, c.dim}});
  for (std::int64_t i = 0; i < c.layers; ++i) {
    const auto block = fmt::format("blocks.{}.", i);
    shapes.push_back({block + "modulation", {1, 6, c.dim}});
    for (const auto* attention : {"self_attn.", "cross_attn."}) {
      for (const auto* part : {"q", "k", "v", "o"}) linear(block + attention + part, c.dim, c.dim);
      for (const auto* norm : {"norm_q", "norm_k"}) {
        shapes.push_back({block + attention + norm + ".weight", {c.dim}});
      }
    }
    shapes.push_back({block + "norm3.weight", {c.dim}});
    shapes.push_back({block + "norm3.bias", {c.dim}});
    linear(block + "ffn.0", c.ffn_dim, c.dim);
    linear(block + "ffn.2", c.dim, c.ffn_dim);
  }
  return shapes;
}

std::vector<std::pair<std::string, at::Tensor>> dit_targets(const WanDitConfig& config) {
  const auto meta = at::TensorOptions().device(at::kMeta);
  std::vector<std::pair<std::string, at::Tensor>> targets;
  for (const auto& [name, shape] : dit_shapes(config)) {
    targets.emplace_back(name, at::empty(shape, meta));
  }
  return targets;
}

std::optional<DitNaming> detect_dit_naming(const checkpoint::StateDict& tensors) {
  if (tensors.count("blocks.0.self_attn.q.weight") != 0) return DitNaming::official;
  if (tensors.count("blocks.0.attn1.to_q.weight") != 0) return DitNaming::diffusers;
  return std::nullopt;
}

checkpoint::StateDict to_official_dit(checkpoint::StateDict tensors) {
  tensors = checkpoint::strip_common_prefix(std::move(tensors), kPrefixes);
  refuse_variants(tensors);
  const auto naming = detect_dit_naming(tensors);
  if (!naming) {
    refuse(
        "the checkpoint is no Wan transformer: it has neither 'blocks.0.self_attn.q.weight' nor "
        "'blocks.0.attn1.to_q.weight'");
  }
  std::erase_if(tensors, [](const auto& entry) { return contains(entry.first, ".norm_added_q."); });
  if (*naming == DitNaming::official) return tensors;
  std::map<std::string, std::string> names;
  for (const auto& key : dit_keys(count_layers(tensors))) names[key.diffusers] = key.official;
  return renamed(tensors, names);
}

checkpoint::StateDict to_diffusers_dit(const checkpoint::StateDict& official) {
  std::map<std::string, std::string> names;
  for (const auto& key : dit_keys(count_layers(official))) names[key.official] = key.diffusers;
  return renamed(official, names);
}

WanDitConfig infer_dit_config(const checkpoint::StateDict& official,
                              std::optional<std::int64_t> num_heads) {
  constexpr std::int64_t usual_head_dim = 128;
  const auto& patch = matrix(official, "patch_embedding.weight", 5);
  WanDitConfig config;
  config.dim = patch.size(0);
  config.in_channels = patch.size(1);
  config.layers = count_layers(official);
  config.ffn_dim = matrix(official, "blocks.0.ffn.0.weight", 2).size(0);
  config.text_dim = matrix(official, "text_embedding.0.weight", 2).size(1);
  config.freq_dim = matrix(official, "time_embedding.0.weight", 2).size(1);
  config.out_channels = matrix(official, "head.head.weight", 2).size(0) / 4;
  if (!num_heads && config.dim % usual_head_dim != 0) {
    refuse(fmt::format("a transformer of width {} does not tell its number of heads: give it",
                       config.dim));
  }
  config.num_heads = num_heads.value_or(config.dim / usual_head_dim);
  validate(config);
  return config;
}

}  // namespace oasis::model
