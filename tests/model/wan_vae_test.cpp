#include "oasis/model/wan_vae.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "src/model/upsampled_conv.h"

namespace oasis::model {
namespace {

/// The pseudo-random values of the specification's worked example, one series per name.
std::vector<float> named_values(const std::string& name, std::int64_t count, double scale,
                                double shift) {
  std::uint32_t state = 2166136261U;
  for (const unsigned char byte : name) state = (state ^ byte) * 16777619U;
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) {
    state = state * 1664525U + 1013904223U;
    const double v = 2.0 * (static_cast<double>(state >> 8U) / 16777216.0) - 1.0;
    values.push_back(static_cast<float>(scale * v + shift));
  }
  return values;
}

at::Tensor named_tensor(const std::string& name, std::vector<std::int64_t> shape, double scale,
                        double shift = 0) {
  return torch::tensor(named_values(name, c10::multiply_integers(shape), scale, shift)).view(shape);
}

/// The worked example's network: widths 32, 32, 32, 16, 8 and no latent statistics.
WanVaeConfig small_config() {
  WanVaeConfig config;
  config.dim = 8;
  config.z_dim = 4;
  return config;
}

template <typename Half>
Half with_named_weights(const WanVaeConfig& config) {
  Half half(config, torch::kFloat);
  for (const auto& [name, parameter] : half.parameters()) {
    double scale = std::sqrt(3.0 * static_cast<double>(parameter.size(0)) /
                             static_cast<double>(parameter.numel()));
    if (name.ends_with("gamma")) scale = 0.2;
    if (name.ends_with("bias")) scale = 0.1;
    parameter.copy_(named_tensor(name, parameter.sizes().vec(), scale, name.ends_with("gamma")));
  }
  return half;
}

at::Tensor example_latent() { return named_tensor("input.z", {1, 4, 3, 2, 3}, 1.5); }

void expect_example_frames(const at::Tensor& frames) {
  ASSERT_EQ(frames.sizes(), at::IntArrayRef({1, 3, 9, 16, 24}));
  const at::Tensor values = frames.detach().contiguous().view({-1});
  EXPECT_NEAR(values.mean().item<double>(), -0.25237299, 1e-5);
  EXPECT_NEAR(values.abs().mean().item<double>(), 0.53679887, 1e-5);
  const std::vector<std::pair<std::int64_t, double>> samples = {{0, -0.05774520},
                                                                {1, 0.00018626},
                                                                {1481, -0.84858513},
                                                                {5184, 0.46182724},
                                                                {10367, -0.03253015}};
  for (const auto& [index, value] : samples) {
    EXPECT_NEAR(values[index].item<double>(), value, 2e-5) << "at " << index;
  }
}

TEST(WanVae, DecodesTheSpecifiedExample) {
  const auto decoder = with_named_weights<WanVaeDecoder>(small_config());
  expect_example_frames(decoder.decode(example_latent()));
  for (const std::int64_t step : {1, 2, 3}) {
    expect_example_frames(decoder.decode_streamed(example_latent(), step));
  }
}

TEST(WanVae, DecodesTheSpecifiedExampleWithGradients) {
  const auto decoder = with_named_weights<WanVaeDecoder>(small_config());
  const at::Tensor latent = example_latent().requires_grad_(true);
  const at::Tensor frames = decoder.decode_streamed(latent, 1);
  expect_example_frames(frames);
  frames.sum().backward();
  EXPECT_GT(latent.grad().abs().min().item<double>(), 0.0);
}

TEST(WanVae, RecomputingGivesTheSameGradients) {
  const auto gradient = [](bool again) {
    auto decoder = with_named_weights<WanVaeDecoder>(small_config());
    decoder.set_recompute(again);
    const at::Tensor latent = example_latent().set_requires_grad(true);
    decoder.decode(latent).square().mean().backward();
    return latent.grad();
  };
  const at::Tensor plain = gradient(false);
  EXPECT_GT(plain.abs().max().item<float>(), 0.0F);
  EXPECT_TRUE(at::allclose(gradient(true), plain, 1e-4, 1e-6));
}

TEST(WanVae, RecomputedFramesAreThoseThatGradientsBelongTo) {
  auto decoder = with_named_weights<WanVaeDecoder>(small_config());
  const at::Tensor latent = example_latent().set_requires_grad(true);
  const at::Tensor plain = decoder.decode(latent);
  decoder.set_recompute(true);
  EXPECT_TRUE(at::equal(decoder.decode(latent), plain));
}

TEST(WanVae, EncodesTheSpecifiedExample) {
  const auto encoder = with_named_weights<WanVaeEncoder>(small_config());
  const at::Tensor video = named_tensor("input.x", {1, 3, 9, 16, 24}, 1.0);
  for (const at::Tensor& latent : {encoder.encode(video), encoder.encode_streamed(video, 1)}) {
    ASSERT_EQ(latent.sizes(), at::IntArrayRef({1, 4, 3, 2, 3}));
    const at::Tensor values = latent.contiguous().view({-1});
    EXPECT_NEAR(values[0].item<double>(), -0.05802972, 1e-5);
    EXPECT_NEAR(values[1].item<double>(), -0.34499302, 1e-5);
  }
}

TEST(WanVae, NormalisesAndUndoesIt) {
  auto config = small_config();
  const auto plain = with_named_weights<WanVaeDecoder>(config);
  config.latents_mean = {0.5, -1.0, 0.25, 2.0};
  config.latents_std = {2.0, 1.5, 0.5, 3.0};
  const auto scaled = with_named_weights<WanVaeDecoder>(config);
  const at::Tensor mean = torch::tensor(config.latents_mean, torch::kFloat).view({1, 4, 1, 1, 1});
  const at::Tensor std = torch::tensor(config.latents_std, torch::kFloat).view({1, 4, 1, 1, 1});
  const at::Tensor latent = example_latent();
  EXPECT_TRUE(at::equal(scaled.decode(latent), plain.decode(latent * std + mean)));
}

TEST(WanVae, LaterLatentsDoNotReachEarlierFrames) {
  const auto decoder = with_named_weights<WanVaeDecoder>(small_config());
  const at::Tensor before = decoder.decode(example_latent());
  at::Tensor latent = example_latent();
  latent.select(2, 2).add_(1.0);
  const at::Tensor after = decoder.decode(latent);
  EXPECT_TRUE(at::equal(before.narrow(2, 0, 5), after.narrow(2, 0, 5)));
  EXPECT_FALSE(at::equal(before.select(2, 5), after.select(2, 5)));
}

TEST(WanVae, ABatchIsItsClips) {
  const auto decoder = with_named_weights<WanVaeDecoder>(small_config());
  const at::Tensor latents = named_tensor("input.pair", {2, 4, 2, 3, 2}, 1.5);
  const at::Tensor both = decoder.decode_streamed(latents, 1);
  for (const std::int64_t clip : {0, 1}) {
    const at::Tensor alone = decoder.decode_streamed(latents.narrow(0, clip, 1), 1);
    EXPECT_TRUE(at::allclose(both.narrow(0, clip, 1), alone, 1e-4, 1e-5));
  }
}

TEST(WanVae, BFloat16StaysNearFloat) {
  const auto wide = with_named_weights<WanVaeDecoder>(small_config());
  const WanVaeDecoder narrow(small_config(), torch::kBFloat16);
  for (std::size_t i = 0; i < wide.parameters().size(); ++i) {
    narrow.parameters()[i].second.copy_(wide.parameters()[i].second);
  }
  const at::Tensor exact = wide.decode(example_latent());
  const at::Tensor rounded = narrow.decode_streamed(example_latent(), 2);
  EXPECT_EQ(rounded.scalar_type(), torch::kFloat);
  const double error = (rounded - exact).square().mean().sqrt().item<double>();
  EXPECT_GT(error, 0.0);
  EXPECT_LT(error, 0.03);
}

TEST(UpsampledConv, FoldedEqualsEnlargedThenConvolved) {
  for (const auto& [height, width] : {std::pair{1, 1}, std::pair{2, 5}, std::pair{4, 3}}) {
    const at::Tensor frames = named_tensor("frames", {3, 6, height, width}, 1.0);
    const at::Tensor weight = named_tensor("weight", {4, 6, 3, 3}, 0.3);
    const at::Tensor bias = named_tensor("bias", {4}, 1.0);
    const at::Tensor expected = upsampled_conv(frames, weight, bias);
    const at::Tensor folded = upsampled_conv_folded(frames, weight, bias);
    ASSERT_EQ(folded.sizes(), expected.sizes());
    EXPECT_TRUE(at::allclose(folded, expected, 1e-6, 1e-6)) << height << "x" << width;
  }
}

}  // namespace
}  // namespace oasis::model
