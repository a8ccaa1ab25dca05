#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <numbers>

#include "oasis/core/error.h"
#include "oasis/metrics/ewarp.h"
#include "oasis/metrics/luma_pulse.h"

namespace oasis::metrics {
namespace {

at::Tensor row_frame(const std::vector<float>& row) {
  return at::tensor(row).view({1, 1, 1, 4}).expand({1, 3, 2, 4}).contiguous();
}

// A horizontal flow, given per column.
at::Tensor flow_of(const std::vector<float>& dx) {
  const at::Tensor x = at::tensor(dx).view({1, 1, 1, 4}).expand({1, 1, 2, 4});
  return at::cat({x, at::zeros_like(x)}, 1);
}

// 2x4 frames of equal rows and channels.
class EwarpExample : public ::testing::Test {
 protected:
  double error(const at::Tensor& forward, const at::Tensor& backward, EwarpMode mode) const {
    return ewarp_pairs(row_frame({.1F, .2F, .3F, .4F}), row_frame({0, .1F, .2F, .3F}), forward,
                       backward, mode)
        .mean();
  }
};

TEST_F(EwarpExample, OnlyTheRepeatedEdgeIsWrong) {
  const at::Tensor forward = flow_of({1, 1, 1, 1});
  EXPECT_NEAR(error(forward, -forward, EwarpMode::clean), 0.0075, 1e-7);
  EXPECT_NEAR(error(forward, -forward, EwarpMode::lai), 0.0025, 1e-7);
}

TEST_F(EwarpExample, AContradictionIsLeftOut) {
  const at::Tensor backward = flow_of({-1, -1, 0, -1});
  EXPECT_NEAR(error(flow_of({1, 1, 1, 1}), backward, EwarpMode::clean), 0.01, 1e-7);
  EXPECT_NEAR(error(flow_of({1, 1, 1, 1}), backward, EwarpMode::lai), 0.01 / 3, 1e-7);
}

TEST_F(EwarpExample, AnEdgeOfTheFlowIsLeftOut) {
  const at::Tensor forward = flow_of({1, 1, 2, 2});
  const at::Tensor occluded = ewarp_occlusion(forward, -forward);
  EXPECT_TRUE(occluded[0][0].equal(at::tensor({0, 1, 0, 0}).to(at::kBool)));
  EXPECT_NEAR(error(forward, -forward, EwarpMode::clean), 0.01, 1e-7);
}

TEST(Ewarp, AStillClipCostsNothing) {
  const at::Tensor clip = at::randint(256, {1, 3, 21, 34}, at::kByte).expand({4, 3, 21, 34});
  const at::Tensor still = at::zeros({3, 2, 21, 34});
  EXPECT_NEAR(ewarp(clip, still, still, EwarpMode::clean).mean(), 0.0, 1e-9);
  const at::Tensor half = at::zeros({3, 2, 16, 24});
  EXPECT_NEAR(ewarp(clip, half, half, EwarpMode::evalcrafter).mean(), 0.0, 1e-9);
}

TEST(Ewarp, AShiftWithItsExactFlowIsZeroInside) {
  const at::Tensor wide = at::randint(256, {1, 3, 12, 17}, at::kByte);
  const at::Tensor first = wide.slice(3, 1, 17);
  const at::Tensor second = wide.slice(3, 0, 16);
  at::Tensor forward = at::zeros({1, 2, 12, 16});
  forward.select(1, 0).fill_(1);
  // The last column leaves the frame; the backward flow marks it by contradiction.
  at::Tensor backward = -forward;
  backward.select(3, 15).zero_();
  const Ewarp result = ewarp_pairs(first, second, forward, backward, EwarpMode::clean);
  EXPECT_EQ(result.occluded.sum().item<std::int64_t>(), 2 * 12);
  EXPECT_NEAR(result.mean(), 0.0, 1e-9);
}

TEST(Ewarp, NoValidPixelCountsAsZero) {
  const at::Tensor clip = at::rand({2, 3, 4, 5});
  const at::Tensor far = at::full({1, 2, 4, 5}, 3.0);
  EXPECT_EQ(ewarp(clip, far, far, EwarpMode::lai).mean(), 0.0);
}

TEST(Ewarp, PicturesOfEvalcrafter) {
  const at::Tensor frames = at::arange(3 * 5 * 7, at::kByte).view({1, 3, 5, 7});
  const at::Tensor pictures = ewarp_pictures(frames, EwarpMode::evalcrafter);
  EXPECT_EQ(pictures.sizes(), (std::vector<std::int64_t>{1, 3, 8, 8}));
  EXPECT_NEAR(pictures[0][0][0][0].item<double>(), (0 + 1 + 7 + 8) / 4.0 / 255, 1e-7);
  const at::Tensor large = at::zeros({1, 3, 720, 1272}, at::kByte);
  EXPECT_EQ(ewarp_pictures(large, EwarpMode::evalcrafter).sizes(),
            (std::vector<std::int64_t>{1, 3, 360, 640}));
  EXPECT_NEAR(ewarp_flow_input(at::ones({1}), EwarpMode::evalcrafter).item<double>(), 2.0 / 255 - 1,
              1e-6);
  EXPECT_NEAR(ewarp_flow_input(at::ones({1}), EwarpMode::clean).item<double>(), 1.0, 1e-6);
}

TEST(Ewarp, OneFrameHasNoScoreAndWrongFlowsAreRefused) {
  const at::Tensor none = at::zeros({0, 2, 4, 5});
  EXPECT_TRUE(std::isnan(ewarp(at::rand({1, 3, 4, 5}), none, none, EwarpMode::lai).mean()));
  const at::Tensor flow = at::zeros({1, 2, 4, 6});
  EXPECT_THROW(ewarp(at::rand({2, 3, 4, 5}), flow, flow, EwarpMode::lai), Error);
  EXPECT_THROW(ewarp_mode_from("mawe"), Error);
}

// Grey frames: the luma is the code value.
at::Tensor grey_clip(const std::vector<double>& levels) {
  return at::tensor(levels, at::kDouble)
      .view({-1, 1, 1, 1})
      .expand({static_cast<std::int64_t>(levels.size()), 3, 4, 6});
}

TEST(LumaPulse, ACosineHasItsAmplitude) {
  std::vector<double> levels;
  for (int t = 0; t < 400; ++t) levels.push_back(90 + 3 * std::cos(std::numbers::pi * t / 2));
  LumaPulseOptions options;
  options.periods = {4, 5};
  const LumaPulse pulse =
      luma_pulse(grey_clip(levels), grey_clip(std::vector<double>(400, 7.0)), options);
  EXPECT_NEAR(pulse.amplitude[0], 3.0, 0.02);
  EXPECT_NEAR(pulse.amplitude[1], 0.0, 0.02);
  EXPECT_NEAR(pulse.pulse_std, 3 / std::numbers::sqrt2, 0.01);
  EXPECT_EQ(pulse.static_fraction, 1.0);
}

TEST(LumaPulse, ASlowDriftIsNoPulse) {
  const LumaPulse pulse = analyse_pulse({10, 12, 14, 16, 18}, 1.0, {2, 4});
  EXPECT_NEAR(pulse.pulse_std, 0.0, 1e-12);
  EXPECT_NEAR(pulse.amplitude[1], 0.0, 1e-12);
  EXPECT_NEAR(analyse_pulse({1, -1, 1, -1, 1, -1, 1, -1}, 1.0, {2}).amplitude[0], 1.0, 0.2);
  EXPECT_EQ(analyse_pulse({42}, 1.0, {4}).pulse_std, 0.0);
}

TEST(LumaPulse, OnlyStaticPixelsCount) {
  at::Tensor reference = at::full({6, 3, 2, 4}, 50.0, at::kDouble);
  at::Tensor video = reference.clone();
  // One column moves in the reference; in the video its jumps must not be seen.
  for (std::int64_t t = 0; t < 6; t += 2) {
    reference[t].select(2, 0).add_(10);
    video[t].select(2, 0).add_(80);
  }
  const LumaPulse pulse = luma_pulse(video, reference);
  EXPECT_EQ(pulse.static_fraction, 0.75);
  EXPECT_NEAR(pulse.pulse_std, 0.0, 1e-9);
  const LumaPulse moving = luma_pulse(video, reference, {-1.0, {4}});
  EXPECT_TRUE(std::isnan(moving.pulse_std));
  EXPECT_THROW(luma_pulse(video, reference, {2.0, {1.5}}), Error);
}

}  // namespace
}  // namespace oasis::metrics
