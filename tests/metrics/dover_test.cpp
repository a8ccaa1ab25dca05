#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/core/error.h"
#include "oasis/metrics/dover_fusion.h"
#include "oasis/metrics/dover_sampler.h"
#include "oasis/metrics/dover_views.h"

namespace oasis::metrics {
namespace {

TEST(DoverSampler, Technical) {
  const DoverSampler sampler = DoverSampler::technical();
  const auto frames = sampler.indices(100);
  ASSERT_EQ(frames.size(), 96U);
  EXPECT_EQ(frames[0], 0);
  EXPECT_EQ(frames[32], 33);
  EXPECT_EQ(frames[64], 66);
  EXPECT_EQ(frames[64 + 16], 98);
  EXPECT_EQ(frames[64 + 17], 0);
  EXPECT_EQ(sampler.room(194), 0);
  EXPECT_EQ(sampler.room(195), 1);
  EXPECT_EQ(sampler.indices(300, {0, 35, 1})[32], 135);
}

TEST(DoverSampler, ShortVideosShowOneFrameToTheAestheticBranch) {
  const auto frames = DoverSampler::aesthetic().indices(31);
  EXPECT_EQ(frames, std::vector<std::int64_t>(32, 0));
  EXPECT_THROW(DoverSampler::aesthetic().indices(0), Error);
  EXPECT_THROW(DoverSampler::aesthetic().indices(31, {1, 2}), Error);
}

TEST(DoverResize, WorkedExample) {
  const at::Tensor picture = (4 * at::arange(64)).to(at::kByte).view({1, 1, 8, 8});
  const at::Tensor video = picture.expand({3, 2, 8, 8});
  const at::Tensor plain = dover_resize(video, 3, 3, false);
  EXPECT_TRUE(plain[2][1].flatten().equal(
      at::tensor({30, 41, 51, 115, 126, 137, 201, 211, 222}).to(at::kByte)));
  const at::Tensor smooth = dover_resize(video, 3, 3, true);
  EXPECT_TRUE(smooth[0][0].flatten().equal(
      at::tensor({40, 49, 59, 116, 126, 136, 193, 203, 212}).to(at::kByte)));
  EXPECT_TRUE(dover_resize(video, 8, 8, true).equal(video));
}

TEST(DoverFragments, DrawsAsTheReferenceDoes) {
  at::Generator generator = at::detail::createCPUGenerator(0);
  const auto offsets = draw_fragment_offsets({}, 96, 720, 1280, generator);
  EXPECT_TRUE(offsets.down.flatten().slice(0, 0, 8).equal(
      at::tensor({4, 59, 63, 30, 43, 9, 27, 3}, at::kLong)));
  EXPECT_TRUE(offsets.across.flatten().slice(0, 0, 8).equal(
      at::tensor({119, 55, 49, 72, 112, 42, 121, 14}, at::kLong)));
}

TEST(DoverFragments, CentredPatchesOfAGradient) {
  const DoverFragments grid = {2, 2, 2, 2, 1};
  const at::Tensor picture = at::arange(8 * 8, at::kByte).view({1, 1, 8, 8}).expand({3, 1, 8, 8});
  const auto offsets = centre_fragment_offsets(grid, 1, 8, 8);
  const at::Tensor spliced = dover_fragments(picture, grid, offsets);
  EXPECT_TRUE(spliced[1][0].equal(at::tensor({9, 10, 13, 14, 17, 18, 21, 22,  //
                                              41, 42, 45, 46, 49, 50, 53, 54})
                                      .to(at::kByte)
                                      .view({4, 4})));
}

TEST(DoverFragments, RefusesWhatDoesNotFit) {
  const DoverFragments grid = {2, 2, 8, 8, 4};
  const auto offsets = centre_fragment_offsets(grid, 4, 16, 16);
  EXPECT_THROW(dover_fragments(at::zeros({3, 6, 16, 16}, at::kByte), grid, offsets), Error);
  EXPECT_THROW(dover_fragments(at::zeros({3, 4, 7, 16}, at::kByte), grid, offsets), Error);
  EXPECT_THROW(dover_fragments(at::zeros({3, 8, 16, 16}, at::kByte), grid, offsets), Error);
}

TEST(DoverNormalise, MeansBecomeZero) {
  const at::Tensor video = at::full({3, 1, 1, 1}, 124, at::kByte);
  EXPECT_NEAR(dover_normalise(video)[0].item<double>(), 0.325 / 58.395, 1e-6);
}

TEST(DoverFusion, WorkedExamples) {
  const DoverScores middle = fuse_dover(0.1107, -0.08285);
  EXPECT_NEAR(middle.technical, 0.5, 1e-12);
  EXPECT_NEAR(middle.overall, 0.5, 1e-12);
  const DoverScores good = fuse_dover(0.2, -0.05);
  EXPECT_NEAR(good.technical, 0.771031, 1e-6);
  EXPECT_NEAR(good.aesthetic, 0.704835, 1e-6);
  EXPECT_NEAR(good.overall, 0.746538, 1e-6);
}

}  // namespace
}  // namespace oasis::metrics
