#include <fmt/format.h>

#include <map>

#include "oasis/model/wan_vae.h"

namespace oasis::model {
namespace {

using Names = std::map<std::string, std::string>;  // diffusers -> official

void add_pair(Names& names, const std::string& theirs, const std::string& official) {
  names[theirs + ".weight"] = official + ".weight";
  names[theirs + ".bias"] = official + ".bias";
}

void add_residual(Names& names, const std::string& theirs, const std::string& official) {
  names[theirs + ".norm1.gamma"] = official + ".residual.0.gamma";
  add_pair(names, theirs + ".conv1", official + ".residual.2");
  names[theirs + ".norm2.gamma"] = official + ".residual.3.gamma";
  add_pair(names, theirs + ".conv2", official + ".residual.6");
  add_pair(names, theirs + ".conv_shortcut", official + ".shortcut");
}

void add_resample(Names& names, const std::string& theirs, const std::string& official) {
  add_pair(names, theirs + ".resample.1", official + ".resample.1");
  add_pair(names, theirs + ".time_conv", official + ".time_conv");
}

/// conv_in, mid_block, norm_out and conv_out stand alike in both halves.
void add_frame(Names& names, const std::string& half) {
  add_pair(names, half + ".conv_in", half + ".conv1");
  add_residual(names, half + ".mid_block.resnets.0", half + ".middle.0");
  add_residual(names, half + ".mid_block.resnets.1", half + ".middle.2");
  names[half + ".mid_block.attentions.0.norm.gamma"] = half + ".middle.1.norm.gamma";
  add_pair(names, half + ".mid_block.attentions.0.to_qkv", half + ".middle.1.to_qkv");
  add_pair(names, half + ".mid_block.attentions.0.proj", half + ".middle.1.proj");
  names[half + ".norm_out.gamma"] = half + ".head.0.gamma";
  add_pair(names, half + ".conv_out", half + ".head.2");
}

Names name_table(const WanVaeConfig& config) {
  Names names;
  add_pair(names, "quant_conv", "conv1");
  add_pair(names, "post_quant_conv", "conv2");
  add_frame(names, "encoder");
  add_frame(names, "decoder");
  const auto levels = static_cast<std::int64_t>(config.dim_mult.size());
  std::int64_t down = 0;
  std::int64_t up = 0;
  for (std::int64_t level = 0; level < levels; ++level) {
    const bool last = level + 1 == levels;
    for (std::int64_t block = 0; block < config.num_res_blocks; ++block, ++down) {
      add_residual(names, fmt::format("encoder.down_blocks.{}", down),
                   fmt::format("encoder.downsamples.{}", down));
    }
    if (!last) {
      add_resample(names, fmt::format("encoder.down_blocks.{}", down),
                   fmt::format("encoder.downsamples.{}", down));
      ++down;
    }
    for (std::int64_t block = 0; block <= config.num_res_blocks; ++block, ++up) {
      add_residual(names, fmt::format("decoder.up_blocks.{}.resnets.{}", level, block),
                   fmt::format("decoder.upsamples.{}", up));
    }
    if (!last) {
      add_resample(names, fmt::format("decoder.up_blocks.{}.upsamplers.0", level),
                   fmt::format("decoder.upsamples.{}", up));
      ++up;
    }
  }
  return names;
}

}  // namespace

bool has_diffusers_vae_names(const checkpoint::StateDict& weights) {
  return weights.contains("decoder.conv_in.weight") || weights.contains("encoder.conv_in.weight");
}

checkpoint::StateDict vae_from_diffusers(const checkpoint::StateDict& weights,
                                         const WanVaeConfig& config) {
  const Names names = name_table(config);
  checkpoint::StateDict renamed;
  for (const auto& [name, tensor] : weights) {
    const auto found = names.find(name);
    renamed.emplace(found == names.end() ? name : found->second, tensor);
  }
  return renamed;
}

}  // namespace oasis::model
