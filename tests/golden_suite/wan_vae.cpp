#include <gtest/gtest.h>
#include <torch/torch.h>

#include "golden_suite/fixture.h"
#include "golden_suite/registry.h"
#include "oasis/model/wan_vae.h"

namespace oasis::golden {
namespace {

model::WanVaeConfig vae_config(const nlohmann::json& json) {
  model::WanVaeConfig config;
  config.dim = json.at("dim");
  config.z_dim = json.at("z_dim");
  config.dim_mult = json.at("dim_mult").get<std::vector<std::int64_t>>();
  config.num_res_blocks = json.at("num_res_blocks");
  config.temporal_downsample = json.at("temperal_downsample").get<std::vector<bool>>();
  config.latents_mean = json.at("latents_mean").get<std::vector<double>>();
  config.latents_std = json.at("latents_std").get<std::vector<double>>();
  return config;
}

bool has_part(const Fixture& fixture, const std::string& part) {
  const auto& parts = fixture.config().at("parts");
  return std::find(parts.begin(), parts.end(), part) != parts.end();
}

checkpoint::StateDict half(const checkpoint::StateDict& weights, const std::string& network,
                           const std::string& conv) {
  checkpoint::StateDict chosen;
  for (const auto& [name, tensor] : weights) {
    if (name.starts_with(network + ".") || name.starts_with(conv + ".")) chosen[name] = tensor;
  }
  return chosen;
}

void check_decoder(const Fixture& fixture, const model::WanVaeConfig& config,
                   const checkpoint::StateDict& weights) {
  model::WanVaeDecoder decoder(config, torch::kFloat);
  checkpoint::load_strictly(decoder.parameters(), half(weights, "decoder", "conv2"), "decoder");
  if (!fixture.has("input.latent")) return;
  const bool clamp = fixture.config().value("clamp", false);
  const auto clamped = [&](const at::Tensor& x) { return clamp ? x.clamp(-1, 1) : x; };
  const at::Tensor latent = fixture.input("latent");
  fixture.expect_close("decoded", clamped(decoder.decode(latent)));
  for (std::int64_t step : {1, 2, 3}) {
    fixture.expect_close("decoded", clamped(decoder.decode_streamed(latent, step)));
  }
  const at::Tensor tracked = latent.clone().requires_grad_(true);  // the differentiable path
  fixture.expect_close("decoded", clamped(decoder.decode(tracked)).detach());
  fixture.expect_close("decoded", clamped(decoder.decode_streamed(tracked, 2)).detach());
  if (fixture.has("output.dlatent")) {
    for (bool streamed : {false, true}) {
      const at::Tensor leaf = latent.clone().requires_grad_(true);
      const at::Tensor out = streamed ? decoder.decode_streamed(leaf, 1) : decoder.decode(leaf);
      (clamped(out) * fixture.input("cotangent")).sum().backward();
      fixture.expect_close("dlatent", leaf.grad());
    }
  }
}

void check_encoder(const Fixture& fixture, const model::WanVaeConfig& config,
                   const checkpoint::StateDict& weights) {
  model::WanVaeEncoder encoder(config, torch::kFloat);
  checkpoint::load_strictly(encoder.parameters(), half(weights, "encoder", "conv1"), "encoder");
  if (!fixture.has("input.video")) return;
  fixture.expect_close("latent", encoder.encode(fixture.input("video")));
  for (std::int64_t step : {1, 2}) {
    fixture.expect_close("latent", encoder.encode_streamed(fixture.input("video"), step));
  }
}

void check_wan_vae(const Fixture& fixture) {
  const model::WanVaeConfig config = vae_config(fixture.config());
  checkpoint::StateDict weights = fixture.weights();
  const bool diffusers = fixture.config().value("keys", std::string()) == "diffusers";
  EXPECT_EQ(model::has_diffusers_vae_names(weights), diffusers);
  if (diffusers) weights = model::vae_from_diffusers(weights, config);
  std::size_t used = 0;
  if (has_part(fixture, "decoder")) {
    used += half(weights, "decoder", "conv2").size();
    check_decoder(fixture, config, weights);
  }
  if (has_part(fixture, "encoder")) {
    used += half(weights, "encoder", "conv1").size();
    check_encoder(fixture, config, weights);
  }
  EXPECT_EQ(used, weights.size()) << "some weights belong to neither half";
}

const AreaRegistration wan_vae("wan_vae", &check_wan_vae);
const AreaRegistration wan_vae_diffusers("wan_vae_diffusers", &check_wan_vae);

}  // namespace
}  // namespace oasis::golden
