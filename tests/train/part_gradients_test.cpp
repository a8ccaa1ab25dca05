#include "oasis/train/part_gradients.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace oasis::train {
namespace {

const std::vector<std::pair<std::string, at::Tensor>> parameters = {
    {"projector.weight", torch::zeros({2})},
    {"dit.blocks.0.weight", torch::zeros({2, 2})},
    {"dit.head.bias", torch::zeros({1})},
    {"decoder.1.weight", torch::zeros({3})}};

TEST(PartGradients, AreNormsOfTheirSpans) {
  const PartGradients watch(parameters);
  const at::Tensor flat =
      torch::tensor({3.0, 4.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, -2.0, 0.0, /*padding=*/9.0});
  const auto norms = watch.norms(flat);
  ASSERT_EQ(norms.size(), 3U);
  EXPECT_DOUBLE_EQ(norms.at("projector").item<double>(), 5.0);
  EXPECT_DOUBLE_EQ(norms.at("dit").item<double>(), 2.0);
  EXPECT_DOUBLE_EQ(norms.at("decoder").item<double>(), 2.0);
}

TEST(PartGradients, SayOnceThatAPartIsSilent) {
  PartGradients watch(parameters);
  for (std::int64_t step = 1; step < PartGradients::patience; ++step) {
    EXPECT_TRUE(watch.silent({{"dit", 0.0}, {"decoder", 1.0}}).empty()) << step;
  }
  EXPECT_EQ(watch.silent({{"dit", 1e-7}, {"decoder", 1.0}}), std::vector<std::string>{"dit"});
  EXPECT_TRUE(watch.silent({{"dit", 0.0}, {"decoder", 1.0}}).empty());
}

TEST(PartGradients, ForgiveAPartThatLearnsAgain) {
  PartGradients watch(parameters);
  for (std::int64_t step = 1; step < 3 * PartGradients::patience; ++step) {
    const double dit = step % PartGradients::patience == 0 ? 0.01 : 0.0;
    EXPECT_TRUE(watch.silent({{"dit", dit}, {"decoder", 1.0}}).empty()) << step;
  }
}

}  // namespace
}  // namespace oasis::train
