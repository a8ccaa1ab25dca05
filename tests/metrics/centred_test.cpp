#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "oasis/core/error.h"
#include "oasis/metrics/delta_e.h"
#include "oasis/metrics/psnr.h"
#include "oasis/metrics/psnr_centred.h"

namespace oasis::metrics {
namespace {

constexpr auto basicsr = ScoreVariant::basicsr;

at::Tensor noise(std::uint64_t seed) {
  at::manual_seed(seed);
  return at::randint(100, 140, {2, 3, 13, 17}).to(at::kByte);
}

TEST(PsnrCentred, ShiftOfTheWholeFrameDoesNotCount) {
  const at::Tensor a = noise(1);
  const at::Tensor b = noise(2);
  for (const auto channels : {ScoreChannels::y_bt601, ScoreChannels::rgb}) {
    const ScoreOptions options = {basicsr, channels, 0};
    const at::Tensor score = psnr_centred(a, b, options);
    EXPECT_TRUE(at::allclose(psnr_centred(a + 20, b, options), score, 1e-9));
    EXPECT_GT((psnr(a, b, options) - psnr(a + 20, b, options)).min().item<double>(), 3);
  }
}

// Errors of -2 and +4 in equal shares: the mean is 1, what is left is 3.
TEST(PsnrCentred, ByHand) {
  const at::Tensor reference = at::full({1, 3, 4, 6}, 100, at::kByte);
  at::Tensor pred = reference - 2;
  pred.slice(3, 0, 3) += 6;
  const double expected = 20 * std::log10(255.0 / 3.0);
  EXPECT_NEAR(psnr_centred(pred, reference, {basicsr, ScoreChannels::rgb, 0}).item<double>(),
              expected, 1e-9);
}

TEST(PsnrCentred, NeverBelowPsnr) {
  const at::Tensor a = noise(3);
  const at::Tensor b = noise(4).to(at::kFloat) / 255.0;
  const ScoreOptions options = {basicsr, ScoreChannels::y_bt601, 1};
  EXPECT_TRUE((psnr_centred(a, b, options) >= psnr(a, b, options)).all().item<bool>());
  EXPECT_TRUE(std::isinf(psnr_centred(a, a, options)[0].item<double>()));
  EXPECT_NEAR(psnr_centred(a + 5, a, {}).max().item<double>(), 80, 1e-6);
}

at::Tensor colour(double r, double g, double b) {
  return at::tensor({r, g, b}, at::kFloat).view({3, 1, 1}).expand({3, 20, 35}).contiguous();
}

TEST(DeltaE, KnownColours) {
  const at::Tensor red = lab_of(colour(1, 0, 0)).select(1, 0).select(1, 0);
  EXPECT_NEAR(red[0].item<double>(), 53.24, 0.01);
  EXPECT_NEAR(red[1].item<double>(), 80.09, 0.02);
  EXPECT_NEAR(red[2].item<double>(), 67.20, 0.02);
  const at::Tensor difference = delta_e(colour(0, 0, 0), colour(1, 1, 1));
  EXPECT_EQ(difference.sizes(), (std::vector<std::int64_t>{2, 3}));
  EXPECT_NEAR(difference.min().item<double>(), 100, 0.02);
  EXPECT_NEAR(delta_e(colour(1, 0, 0), colour(0, 1, 0)).max().item<double>(), 170.57, 0.03);
}

TEST(DeltaE, OnlyBlockMeansCount) {
  const at::Tensor flat = at::full({3, 32, 32}, 120, at::kByte);
  at::Tensor stripes = flat.clone();
  stripes.slice(2, 0, 32, 2) += 30;
  stripes.slice(2, 1, 32, 2) -= 30;
  EXPECT_NEAR(delta_e(stripes, flat).max().item<double>(), 0, 1e-5);
  at::Tensor shifted = flat.clone();
  shifted.slice(1, 0, 16).slice(2, 0, 16) += 3;
  const at::Tensor difference = delta_e(shifted, flat);
  EXPECT_GT(difference[0][0].item<double>(), 0.5);
  EXPECT_NEAR(difference[1][1].item<double>(), 0, 1e-9);
  EXPECT_THROW(delta_e(flat, at::zeros({3, 32, 31}, at::kByte)), Error);
}

}  // namespace
}  // namespace oasis::metrics
