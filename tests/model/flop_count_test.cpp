#include "oasis/model/flop_count.h"

#include <gtest/gtest.h>

#include "oasis/model/wan_dit_config.h"

namespace oasis::model {
namespace {

constexpr double tera = 1e12;

// 33 frames of 720x1280, the size of most published figures.
const LatentSize large{9, 90, 160};

TEST(FlopCount, LatentOfAClip) {
  const auto latent = latent_of(33, 180, 320);
  EXPECT_EQ(latent.frames, 9);
  EXPECT_EQ(latent.height, 90);
  EXPECT_EQ(latent.width, 160);
}

TEST(FlopCount, DitLinearsAndAttention) {
  const auto macs = dit_macs(wan_1_3b(), large, CrossAttention::full);
  EXPECT_NEAR(macs.linears / tera, 40.60, 0.005);
  EXPECT_NEAR(macs.self_attention / tera, 96.7, 0.05);
  EXPECT_NEAR(2 * macs.cross_attention / tera, 3.1, 0.05);
}

TEST(FlopCount, RoutedAttention) {
  const auto config = wan_1_3b();
  const auto tflop = [&](nn::HeadKind kind) {
    nn::HeadMap map = nn::all_global(config.layers, config.num_heads);
    for (auto& layer : map.layers) layer.assign(layer.size(), kind);
    return 2 * routed_attention_macs(config, large, map) / tera;
  };
  EXPECT_NEAR(tflop(nn::HeadKind::global), 193.5, 0.05);
  EXPECT_NEAR(tflop(nn::HeadKind::intra), 21.5, 0.05);
  EXPECT_NEAR(tflop(nn::HeadKind::window), 0.40, 0.005);
}

TEST(FlopCount, FoldedPromptSavesProducts) {
  const auto full = dit_macs(wan_1_3b(), large, CrossAttention::full);
  const auto folded = dit_macs(wan_1_3b(), large, CrossAttention::folded);
  const auto constant = dit_macs(wan_1_3b(), large, CrossAttention::constant);
  // One layer's square is 32,400 * 1536^2 * 30 MAC.
  EXPECT_NEAR((folded.linears - constant.linears) / tera, 2.2932, 0.001);
  EXPECT_NEAR((full.linears - folded.linears) / tera, 2.2932 + 0.077, 0.001);
  EXPECT_EQ(constant.cross_attention, 0);
}

TEST(FlopCount, WanDecoder) {
  const auto config = WanVaeConfig::wan21();
  EXPECT_NEAR(wan_decoder_macs(config, large) / tera, 130.91, 0.01);
  EXPECT_NEAR(wan_decoder_macs(config, {5, 40, 80}) / tera, 14.98, 0.01);
  EXPECT_NEAR(wan_decoder_macs(config, {21, 60, 104}) / tera, 137.7, 0.1);
}

TEST(FlopCount, TaehvDecoder) {
  const TaehvConfig config;
  EXPECT_NEAR(taehv_decoder_macs(config, large, TimeGrowth::after_upsampling) / tera, 5.65, 0.005);
  // The time layers are 0.238 TMAC on the enlarged frames, a quarter of that before.
  EXPECT_NEAR(taehv_decoder_macs(config, large, TimeGrowth::before_upsampling) / tera, 5.473,
              0.005);
}

TEST(FlopCount, Projector) {
  EXPECT_NEAR(projector_macs(ProjectorMode::native_2x, 16, large) / 1e9, 0.0995, 0.0001);
  EXPECT_NEAR(projector_macs(ProjectorMode::upsampled_8x, 16, large) / 1e9, 1.593, 0.001);
}

}  // namespace
}  // namespace oasis::model
