#include <gtest/gtest.h>
#include <torch/torch.h>

#include <functional>
#include <string>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/metrics/clip_iqa.h"
#include "oasis/metrics/clip_prompts.h"
#include "oasis/metrics/clip_text.h"
#include "oasis/metrics/dover_convnext.h"
#include "oasis/metrics/dover_swin.h"
#include "oasis/metrics/swin_windows.h"

namespace oasis::metrics {
namespace {

constexpr Extent published_window = {8, 7, 7};

TEST(SwinWindows, JoinUndoesSplit) {
  const at::Tensor x = at::rand({2, 5, 9, 4, 3});
  for (const bool shifted : {false, true}) {
    const SwinWindows windows({5, 9, 4}, {2, 4, 4}, shifted);
    const at::Tensor parts = windows.split(x);
    EXPECT_EQ(parts.sizes(), (std::vector<std::int64_t>{2, 9, 32, 3}));
    EXPECT_TRUE(windows.join(parts).equal(x));
  }
}

TEST(SwinWindows, RelativePositions) {
  const at::Tensor index = relative_position_index(published_window);
  const auto* row = index.const_data_ptr<std::int64_t>();
  EXPECT_EQ(row[0], 1267);
  EXPECT_EQ(row[1], 1266);
  EXPECT_EQ(row[391], 0);
  EXPECT_EQ(index[391][0].item<std::int64_t>(), 2534);
  EXPECT_EQ(index[3][57].item<std::int64_t>(), 1087);
}

double gate_sum(const SwinWindows& windows) {
  return windows.gate(0, windows.count(), at::kShort).sum().item<double>();
}

// Sums that the reference's tables have at the published size.
TEST(SwinWindows, GateOfTheThirdLayer) {
  const SwinWindows still({16, 14, 14}, published_window, false);
  EXPECT_EQ(gate_sum(still), 2809856);
  EXPECT_EQ(still.gate(0, still.count(), at::kShort).max().item<double>(), 6);
  EXPECT_EQ(gate_sum(SwinWindows({16, 14, 14}, published_window, true)), 4816896);
}

TEST(SwinWindows, MaskOfTheLastLayer) {
  const SwinWindows windows({16, 7, 7}, published_window, true);
  const at::Tensor mask = windows.mask(0, windows.count(), at::kFloat);
  EXPECT_EQ(mask.eq(-100).sum().item<std::int64_t>(), 76832);
  EXPECT_EQ(mask.ne(0).sum().item<std::int64_t>(), 76832);
}

TEST(SwinWindows, WindowsOfTheFirstLayer) {
  const SwinWindows windows({16, 56, 56}, published_window, true);
  EXPECT_EQ(windows.count(), 128);
  EXPECT_EQ(windows.tokens(), 392);
}

std::string error_of_loading(const std::function<void()>& load) {
  try {
    load();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(DoverNetworks, RefuseForeignWeights) {
  const checkpoint::StateDict foreign = {{"model.0.weight", at::zeros({1})}};
  DoverSwinConfig swin;
  swin.embed_dim = 4;
  swin.depths = {1};
  swin.heads = {1};
  swin.fragment_bias = {true};
  const std::string technical =
      error_of_loading([&] { DoverSwin(swin).load(foreign, "dover.pth"); });
  EXPECT_EQ(technical.rfind("dover.pth, technical branch", 0), 0U) << technical;
  EXPECT_NE(technical.find("model.0.weight"), std::string::npos) << technical;
  DoverConvNextConfig convnext;
  convnext.depths = {1, 1, 1, 1};
  convnext.dims = {2, 2, 2, 2};
  const std::string aesthetic =
      error_of_loading([&] { DoverConvNext(convnext).load(foreign, "dover.pth"); });
  EXPECT_EQ(aesthetic.rfind("dover.pth, aesthetic branch", 0), 0U) << aesthetic;
}

TEST(DoverNetworks, RefuseImpossibleShapes) {
  DoverSwinConfig swin;
  swin.heads = {3, 6};
  EXPECT_THROW(DoverSwin{swin}, Error);
  DoverConvNextConfig convnext;
  convnext.inflate = "1x1";
  EXPECT_THROW(DoverConvNext{convnext}, Error);
}

TEST(Clip, RefusesSmallPicturesAndForeignWeights) {
  ClipImageConfig config;
  config.width = 4;
  config.layers = {1, 1, 1, 1};
  config.heads = 2;
  config.embed_dim = 8;
  ClipIqa iqa(config, 1);
  EXPECT_THROW(iqa.forward(at::zeros({1, 3, 31, 64})), Error);
  const std::string message = error_of_loading([&] { iqa.load({}, "clip.safetensors"); });
  EXPECT_EQ(message.rfind("clip.safetensors, image tower", 0), 0U) << message;
}

// With all weights 0 every position is its embedding, and the last norm's shift is the result.
TEST(Clip, TextFeaturesAreTakenAtTheEndToken) {
  ClipTextConfig config;
  config.width = 2;
  config.heads = 1;
  config.layers = 0;
  config.context_length = 4;
  config.vocab_size = 6;
  config.embed_dim = 2;
  ClipText tower(config);
  at::Tensor embedding = at::zeros({6, 2});
  embedding[5][0] = 3.0;  // the end token
  tower.load({{"token_embedding.weight", embedding},
              {"positional_embedding", at::zeros({4, 2})},
              {"ln_final.weight", at::ones({2})},
              {"ln_final.bias", at::zeros({2})},
              {"text_projection", at::tensor({1.0F, 0.0F, 0.0F, 2.0F}).view({2, 2})}},
             "text tower");
  const at::Tensor features = tower.forward(at::tensor({4, 1, 5, 0}, at::kLong).view({1, 4}));
  EXPECT_NEAR(features[0][0].item<double>(), 1.0, 1e-4);
  EXPECT_NEAR(features[0][1].item<double>(), -2.0, 1e-4);
  EXPECT_THROW(tower.forward(at::zeros({1, 3}, at::kLong)), Error);
}

TEST(Clip, PromptsAsTokens) {
  const at::Tensor tokens = clip_tokens(clip_iqa_prompts(false));
  EXPECT_EQ(tokens.sizes(), (std::vector<std::int64_t>{10, 77}));
  EXPECT_TRUE(tokens[8].slice(0, 0, 7).equal(
      at::tensor({49406, 9307, 268, 1139, 2867, 49407, 0}, at::kLong)));
  EXPECT_EQ(clip_tokens(clip_iqa_prompts(true)).size(0), 2);
  EXPECT_THROW(clip_iqa_weights({}, "RN50"), Error);
}

}  // namespace
}  // namespace oasis::metrics
