#include "oasis/losses/warp_loss.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/losses/picture_loss.h"

namespace oasis::losses {
namespace {

at::Tensor row_frame(const std::vector<double>& row) {
  return at::tensor(row, at::kDouble).view({1, 1, 1, 1, 4}).expand({1, 3, 1, 2, 4});
}

at::Tensor shift(double dx) {
  return at::stack({at::full({2, 4}, dx, at::kDouble), at::zeros({2, 4}, at::kDouble)})
      .view({1, 1, 2, 2, 4});
}

// The worked example of the specification: 2x4 frames, both rows equal.
class WarpLossExample : public ::testing::Test {
 protected:
  at::Tensor clip = at::cat({row_frame({.1, .2, .3, .4}), row_frame({.06, .1, .2, .3})}, 2);
  double loss(const WarpLossOptions& options, double forward = 1, double backward = -1) const {
    return warp_loss(clip, shift(forward), shift(backward), options).item<double>();
  }
};

TEST_F(WarpLossExample, BorderPadding) { EXPECT_NEAR(loss({}), 0.035, 1e-9); }

TEST_F(WarpLossExample, ZerosPadding) {
  WarpLossOptions options;
  options.padding = flow::WarpPadding::zeros;
  EXPECT_NEAR(loss(options), 0.115, 1e-9);
}

TEST_F(WarpLossExample, MaskLeavesOutTheEdge) {
  WarpLossOptions options;
  options.occlusion = OcclusionMask::forward_backward;
  EXPECT_NEAR(loss(options), 0.0, 1e-9);
}

TEST_F(WarpLossExample, SwappedFlowsGiveAnotherNumber) {
  EXPECT_NEAR(loss({}, -1, 1), 0.305, 1e-9);
}

TEST_F(WarpLossExample, MeanOverPairs) {
  WarpLossOptions options;
  options.reduction = PairReduction::mean_pairs;
  EXPECT_NEAR(loss(options), 0.0175, 1e-9);
}

TEST(WarpLoss, AStillClipCostsNothing) {
  const at::Tensor clip = at::rand({2, 3, 1, 6, 8}).expand({2, 3, 4, 6, 8});
  const at::Tensor still = at::zeros({2, 3, 2, 6, 8});
  EXPECT_NEAR(warp_loss(clip, still, still).item<double>(), 0.0, 1e-6);
}

TEST(WarpLoss, OneFrameHasAZeroGradient) {
  const at::Tensor clip = at::rand({1, 3, 1, 6, 8}).requires_grad_(true);
  const at::Tensor loss = warp_loss(clip, {}, {});
  loss.backward();
  EXPECT_EQ(loss.item<double>(), 0.0);
  EXPECT_EQ(clip.grad().abs().max().item<double>(), 0.0);
}

TEST(GradientLoss, SeesEdgesButNotBrightness) {
  const at::Tensor clip = at::rand({1, 3, 2, 16, 16});
  EXPECT_NEAR(gradient_loss(clip + 0.3, clip).item<double>(), 0.0, 1e-6);
  EXPECT_GT(gradient_loss(clip.roll(1, 4), clip).item<double>(), 0.1);
}

TEST(Charbonnier, IsAbsoluteFarFromZeroAndSmoothAtIt) {
  const at::Tensor zero = at::zeros({4}).requires_grad_(true);
  const at::Tensor loss = charbonnier(zero, at::zeros({4}), 1e-3);
  loss.backward();
  EXPECT_NEAR(loss.item<double>(), 1e-3, 1e-9);
  EXPECT_EQ(zero.grad().abs().max().item<double>(), 0.0);
  EXPECT_NEAR(charbonnier(at::full({4}, 2.0), at::zeros({4})).item<double>(), 2.0, 1e-5);
}

}  // namespace
}  // namespace oasis::losses
