#include "oasis/model/dit_lora.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/checkpoint/strict_json.h"
#include "oasis/core/error.h"

namespace oasis::model {
namespace {

using checkpoint::StateDict;

constexpr const char* kA = ".lora_A.weight";
constexpr const char* kB = ".lora_B.weight";
constexpr const char* kAlpha = ".alpha";

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ExitCode::unreadable_input, reason);
}

/// The layer's number and its place in the block: "blocks.3.self_attn.q" -> "3", "self_attn.q".
std::pair<std::string, std::string> split_layer(const std::string& layer) {
  constexpr std::size_t begin = 7;  // of "blocks."
  const auto dot = layer.rfind("blocks.", 0) == 0 ? layer.find('.', begin) : std::string::npos;
  if (dot == std::string::npos) return {};
  return {layer.substr(begin, dot - begin), layer.substr(dot + 1)};
}

/// The layers of a block: official name -> diffusers'.
const std::map<std::string, std::string>& layer_names() {
  static const std::map<std::string, std::string> names = [] {
    std::map<std::string, std::string> made;
    for (const auto& key : dit_keys(1)) {
      const auto bare = [](const std::string& name) {
        return split_layer(name.substr(0, name.size() - std::string(".weight").size())).second;
      };
      if (!key.official.ends_with(".weight")) continue;
      const auto official = bare(key.official);
      const auto& targets = lora_targets();
      if (std::find(targets.begin(), targets.end(), official) == targets.end()) continue;
      made[official] = bare(key.diffusers);
    }
    return made;
  }();
  return names;
}

/// "blocks.3.attn1.to_q" or the official name -> the official name; empty: neither.
std::string official_layer(std::string layer) {
  for (const char* prefix : {"base_model.model.", "transformer.", "diffusion_model."}) {
    if (layer.rfind(prefix, 0) == 0) layer = layer.substr(std::string(prefix).size());
  }
  const auto [number, place] = split_layer(layer);
  for (const auto& [official, diffusers] : layer_names()) {
    if (place == official || place == diffusers) {
      return fmt::format("blocks.{}.{}", number, official);
    }
  }
  return {};
}

/// `name` without `suffix`, or nothing if it ends otherwise.
std::string before(const std::string& name, const std::string& suffix) {
  return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : std::string();
}

/// What a file says of its scale for all layers; 1 if it says nothing.
double declared_scale(const checkpoint::SafetensorsMetadata& metadata, const std::string& file) {
  const auto found = metadata.find("lora_adapter_metadata");  // diffusers' save_lora_weights
  if (found == metadata.end()) return 1;
  const auto json = checkpoint::parse_strict_json(found->second, file);
  const auto alpha = json.find("transformer.lora_alpha");
  const auto rank = json.find("transformer.r");
  if (alpha == json.end() || rank == json.end()) return 1;
  if (!alpha->is_number() || !rank->is_number() || rank->get<double>() <= 0) {
    refuse(fmt::format("{}: its lora_alpha and r are no numbers", file));
  }
  return alpha->get<double>() / rank->get<double>();
}

/// The official layers of a file's tensors and their `.alpha` values.
struct Found {
  StateDict factors;
  std::map<std::string, double> alphas;
};

Found sort_tensors(const checkpoint::SafetensorsFile& file, const std::string& path) {
  Found found;
  for (const auto& [name, tensor] : file.tensors()) {
    bool known = false;
    for (const char* suffix : {kA, kB, kAlpha}) {
      const std::string layer = official_layer(before(name, suffix));
      if (layer.empty()) continue;
      known = true;
      if (suffix == kAlpha) {
        found.alphas[layer] = tensor.to(at::kDouble).sum().item<double>();
      } else if (tensor.dim() != 2) {
        refuse(fmt::format("{}: '{}' is no matrix", path, name));
      } else {
        found.factors.emplace(layer + suffix, tensor);
      }
    }
    if (!known) {
      refuse(fmt::format(
          "{}: '{}' is no factor of a LoRA of Wan's transformer (expected names such as "
          "transformer.blocks.0.attn1.to_q.lora_A.weight)",
          path, name));
    }
  }
  if (found.factors.empty()) refuse(fmt::format("{}: there is no LoRA in it", path));
  return found;
}

const at::Tensor& partner(const StateDict& factors, const std::string& layer, const char* suffix) {
  const auto found = factors.find(layer + suffix);
  if (found == factors.end()) refuse(fmt::format("'{}{}' is missing", layer, suffix));
  return found->second;
}

/// The layers for which there are factors.
std::set<std::string> layers_of(const DitLora& lora) {
  std::set<std::string> layers;
  for (const auto& item : lora.factors) {
    const std::string a = before(item.first, kA);
    layers.insert(a.empty() ? before(item.first, kB) : a);
  }
  return layers;
}

}  // namespace

const std::vector<std::string>& lora_targets() {
  static const std::vector<std::string> targets = {
      "self_attn.q",  "self_attn.k",  "self_attn.v",  "self_attn.o", "cross_attn.q",
      "cross_attn.k", "cross_attn.v", "cross_attn.o", "ffn.0",       "ffn.2"};
  return targets;
}

at::Tensor adapted_weight(const at::Tensor& weight, const at::Tensor& a, const at::Tensor& b,
                          double scale) {
  return (weight.to(a.scalar_type()) + at::mm(b, a) * scale).to(weight.scalar_type());
}

StateDict merge_lora(const StateDict& dit, const DitLora& lora, double strength) {
  StateDict merged = dit;
  for (const std::string& layer : layers_of(lora)) {
    const at::Tensor a = partner(lora.factors, layer, kA).to(at::kFloat);
    const at::Tensor b = partner(lora.factors, layer, kB).to(at::kFloat);
    const auto weight = merged.find(layer + ".weight");
    if (weight == merged.end()) {
      refuse(fmt::format("the LoRA adapts '{}', which the transformer does not have", layer));
    }
    const at::Tensor& old = weight->second;
    if (a.size(0) != b.size(1) || b.size(0) != old.size(0) || a.size(1) != old.size(1)) {
      refuse(fmt::format("the LoRA's factors of '{}' are for a layer of {} x {}, not {} x {}",
                         layer, b.size(0), a.size(1), old.size(0), old.size(1)));
    }
    weight->second = adapted_weight(old, a, b, lora.scale() * strength);
  }
  return merged;
}

void write_lora(const std::filesystem::path& path, const DitLora& lora) {
  checkpoint::SafetensorsMetadata metadata = {{"format", "pt"},
                                              {"rank", fmt::format("{}", lora.rank)},
                                              {"alpha", fmt::format("{}", lora.alpha)}};
  if (!lora.base.empty()) metadata["base"] = lora.base;
  checkpoint::write_safetensors(path, lora.factors, metadata);
}

DitLora read_lora(const std::filesystem::path& path) {
  const auto file = checkpoint::read_safetensors(path);
  const auto& metadata = file.metadata();
  Found found = sort_tensors(file, path.string());
  const bool ours = metadata.contains("alpha") && metadata.contains("rank");
  DitLora lora;
  if (metadata.contains("base")) lora.base = metadata.at("base");
  const double common = ours ? 1 : declared_scale(metadata, path.string());
  for (auto& [name, tensor] : found.factors) {
    const std::string layer = before(name, kB);
    lora.rank = std::max(lora.rank, layer.empty() ? tensor.size(0) : tensor.size(1));
    if (layer.empty() || ours) continue;
    const auto alpha = found.alphas.find(layer);
    const double scale =
        alpha == found.alphas.end() ? common : alpha->second / static_cast<double>(tensor.size(1));
    if (scale != 1) tensor = tensor.to(at::kFloat) * scale;
  }
  lora.alpha = static_cast<double>(lora.rank);
  if (ours) {
    try {
      lora.alpha = std::stod(metadata.at("alpha"));
      lora.rank = std::stoll(metadata.at("rank"));
    } catch (const std::logic_error&) {
      refuse(fmt::format("{}: its alpha and rank are no numbers", path.string()));
    }
    if (lora.rank < 1) refuse(fmt::format("{}: its rank is not positive", path.string()));
  }
  lora.factors = std::move(found.factors);
  return lora;
}

StateDict published_lora(const DitLora& lora, DitNaming naming) {
  StateDict published;
  for (const std::string& layer : layers_of(lora)) {
    const auto [number, place] = split_layer(layer);
    const std::string name =
        naming == DitNaming::official
            ? "diffusion_model." + layer
            : fmt::format("transformer.blocks.{}.{}", number, layer_names().at(place));
    published[name + kA] = partner(lora.factors, layer, kA);
    const at::Tensor& b = partner(lora.factors, layer, kB);
    published[name + kB] = lora.scale() == 1 ? b : b.to(at::kFloat) * lora.scale();
  }
  return published;
}

}  // namespace oasis::model
