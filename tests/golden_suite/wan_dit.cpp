#include "oasis/model/wan_dit.h"

#include <gtest/gtest.h>

#include "dit_config.h"
#include "oasis/checkpoint/state_dict.h"
#include "oasis/model/dit_keys.h"
#include "registry.h"

// The transformer against the official model, under both namings.

namespace oasis::golden {
namespace {

using nlohmann::json;

model::WanDitConfig diffusers_config(const json& c) {
  model::WanDitConfig config;
  config.num_heads = c.at("num_attention_heads");
  config.dim = config.num_heads * c.at("attention_head_dim").get<std::int64_t>();
  config.layers = c.at("num_layers");
  config.ffn_dim = c.at("ffn_dim");
  config.freq_dim = c.at("freq_dim");
  config.text_dim = c.at("text_dim");
  config.text_len = c.at("text_len");
  config.in_channels = c.at("in_channels");
  config.out_channels = c.at("out_channels");
  config.eps = c.at("eps");
  return config;
}

/// Both paths of the transformer with the case's weights.
void check(const Fixture& fixture, const model::WanDitConfig& config) {
  const auto weights = model::to_official_dit(fixture.weights());
  auto told = model::infer_dit_config(weights, config.num_heads);
  told.text_len = config.text_len;
  told.eps = config.eps;
  EXPECT_EQ(told, config) << "the sizes that the tensors tell";

  model::WanDit dit(config, at::kFloat);
  std::vector<std::pair<std::string, at::Tensor>> targets;
  for (const auto& item : dit.named_parameters()) targets.emplace_back(item.key(), item.value());
  checkpoint::load_strictly(targets, weights, "golden transformer");

  const auto latent = fixture.input("latent").unsqueeze(0);
  const auto t = fixture.input("t").item<double>();
  const auto context = fixture.input("context");
  {
    SCOPED_TRACE("general path");
    fixture.expect_close("velocity", dit.forward(latent, t, context).detach().squeeze(0));
  }
  SCOPED_TRACE("folded path");
  dit.fold_conditioning(t, context);
  fixture.expect_close("velocity", dit.forward_folded(latent).squeeze(0));
}

void check_official(const Fixture& fixture) { check(fixture, official_config(fixture.config())); }
void check_diffusers(const Fixture& fixture) { check(fixture, diffusers_config(fixture.config())); }

const AreaRegistration official("wan_dit", &check_official);
const AreaRegistration diffusers("wan_dit_diffusers", &check_diffusers);

}  // namespace
}  // namespace oasis::golden
