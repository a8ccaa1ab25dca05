#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "oasis/core/error.h"
#include "oasis/metrics/dove_protocol.h"
#include "oasis/metrics/psnr.h"
#include "oasis/metrics/ssim.h"

namespace oasis::metrics {
namespace {

// FNV-1a of a name, mixed with the index: the byte pattern of the specification's worked examples.
at::Tensor hashed_bytes(const std::string& name, at::IntArrayRef shape) {
  std::uint32_t hash = 2166136261U;
  for (const char letter : name) hash = (hash ^ static_cast<std::uint8_t>(letter)) * 16777619U;
  at::Tensor bytes = at::empty(shape, at::kByte);
  for (std::int64_t i = 0; i < bytes.numel(); ++i) {
    std::uint32_t x = hash + 2654435761U * static_cast<std::uint32_t>(i);
    x = (x ^ (x >> 16)) * 0x85ebca6bU;
    x = (x ^ (x >> 13)) * 0xc2b2ae35U;
    bytes.mutable_data_ptr<std::uint8_t>()[i] = static_cast<std::uint8_t>((x ^ (x >> 16)) >> 24);
  }
  return bytes;
}

// A pattern and the same with noise of +-20 code values.
class WorkedExample : public ::testing::Test {
 protected:
  WorkedExample() {
    const at::Tensor c = at::arange(3).view({3, 1, 1});
    const at::Tensor y = at::arange(48).view({1, 48, 1});
    const at::Tensor x = at::arange(64).view({1, 1, 64});
    const at::Tensor pattern =
        (7 * x + 5 * y + 31 * c + at::div(x * y, 16, "floor")).remainder(256);
    const at::Tensor noise = hashed_bytes("n", {3, 48, 64}).to(at::kLong).remainder(41) - 20;
    reference = pattern.to(at::kByte).unsqueeze(0);
    pred = (pattern + noise).clamp(0, 255).to(at::kByte).unsqueeze(0);
  }

  double psnr_of(const ScoreOptions& options) const {
    return psnr(pred, reference, options).item<double>();
  }
  double ssim_of(const ScoreOptions& options) const {
    return ssim(pred, reference, options).item<double>();
  }

  at::Tensor pred;
  at::Tensor reference;
};

constexpr auto pyiqa = ScoreVariant::pyiqa;
constexpr auto basicsr = ScoreVariant::basicsr;

TEST_F(WorkedExample, Psnr) {
  ASSERT_EQ(pred.sum().item<std::int64_t>(), 1178259);
  EXPECT_NEAR(psnr_of({pyiqa, ScoreChannels::rgb, 0}), 26.771790, 1e-4);
  EXPECT_NEAR(psnr_of({pyiqa, ScoreChannels::rgb, 4}), 26.801062, 1e-4);
  EXPECT_NEAR(psnr_of({pyiqa, ScoreChannels::y_yiq, 0}), 30.206715, 1e-4);
  EXPECT_NEAR(psnr_of({pyiqa, ScoreChannels::dove_y, 0}), 31.528635, 1e-4);
  EXPECT_NEAR(psnr_of({basicsr, ScoreChannels::rgb, 0}), 26.771809, 1e-4);
  EXPECT_NEAR(psnr_of({basicsr, ScoreChannels::y_bt601, 0}), 31.528682, 1e-4);
}

TEST_F(WorkedExample, Ssim) {
  EXPECT_NEAR(ssim_of({pyiqa, ScoreChannels::y_yiq, 0}), 0.9301196, 1e-5);
  EXPECT_NEAR(ssim_of({pyiqa, ScoreChannels::y_yiq, 4}), 0.9315306, 1e-5);
  EXPECT_NEAR(ssim_of({pyiqa, ScoreChannels::rgb, 0}), 0.8710101, 1e-5);
  EXPECT_NEAR(ssim_of({pyiqa, ScoreChannels::dove_y, 0}), 0.9322356, 1e-5);
  EXPECT_NEAR(ssim_of({basicsr, ScoreChannels::y_bt601, 0}), 0.9324231, 1e-5);
  EXPECT_NEAR(ssim_of({basicsr, ScoreChannels::rgb, 0}), 0.8710100, 1e-5);
}

TEST_F(WorkedExample, FloatsScoreAsTheirBytes) {
  const at::Tensor pred_floats = pred.to(at::kFloat) / 255.0;
  const at::Tensor reference_floats = reference.to(at::kFloat) / 255.0;
  for (const auto variant : {pyiqa, basicsr}) {
    for (const auto channels : {ScoreChannels::rgb, ScoreChannels::y_yiq}) {
      const ScoreOptions options = {variant, channels, 1};
      EXPECT_NEAR(psnr(pred_floats, reference_floats, options).item<double>(), psnr_of(options),
                  1e-5);
      EXPECT_NEAR(ssim(pred_floats, reference, options).item<double>(), ssim_of(options), 1e-5);
    }
  }
}

TEST_F(WorkedExample, EqualFrames) {
  EXPECT_DOUBLE_EQ(psnr(pred, pred, {pyiqa, ScoreChannels::rgb, 0}).item<double>(), 80.0);
  EXPECT_TRUE(std::isinf(psnr(pred, pred, {basicsr, ScoreChannels::rgb, 0}).item<double>()));
  EXPECT_DOUBLE_EQ(ssim(pred, pred, {pyiqa, ScoreChannels::y_yiq, 0}).item<double>(), 1.0);
  EXPECT_DOUBLE_EQ(ssim(pred, pred, {basicsr, ScoreChannels::rgb, 0}).item<double>(), 1.0);
}

TEST(Psnr, OneCodeValueOff) {
  const at::Tensor a = at::full({1, 3, 9, 11}, 100, at::kByte);
  const double expected = 20 * std::log10(255.0);
  EXPECT_NEAR(psnr(a, a + 1, {basicsr, ScoreChannels::rgb, 0}).item<double>(), expected, 1e-9);
}

TEST(Psnr, RefusesOtherSizes) {
  const at::Tensor a = at::zeros({1, 3, 9, 11}, at::kByte);
  EXPECT_THROW(psnr(a, at::zeros({1, 3, 9, 12}, at::kByte)), Error);
  EXPECT_THROW(psnr(a, a, {pyiqa, ScoreChannels::rgb, 5}), Error);
}

TEST(Ssim, RefusesFramesSmallerThanItsWindow) {
  const at::Tensor a = at::zeros({1, 3, 10, 40}, at::kByte);
  EXPECT_THROW(ssim(a, a, {pyiqa, ScoreChannels::y_yiq, 0}), Error);
}

// Two flat frames differ in their means only: (2 m n + C1) / (m m + n n + C1), in every strip.
TEST(Ssim, FlatFramesByHand) {
  const at::Tensor a = at::full({1, 3, 150, 13}, 100, at::kByte);
  const at::Tensor b = at::full({1, 3, 150, 13}, 120, at::kByte);
  const double expected = (2 * 100.0 * 120 + 6.5025) / (100.0 * 100 + 120.0 * 120 + 6.5025);
  EXPECT_NEAR(ssim(a, b, {pyiqa, ScoreChannels::rgb, 0}).item<double>(), expected, 1e-9);
}

TEST(Scores, NamesOfOptions) {
  EXPECT_EQ(score_channels_from("y"), ScoreChannels::y_yiq);
  EXPECT_THROW(score_channels_from("cmyk"), Error);
  EXPECT_THROW(score_variant_from("matlab"), Error);
}

TEST(DoveProtocol, CommonPart) {
  const at::Tensor a = at::arange(5 * 3 * 6 * 9).view({5, 3, 6, 9});
  const at::Tensor b = at::arange(7 * 3 * 4 * 12).view({7, 3, 4, 12});
  const auto [left, right] = crop_to_common(a, b);
  EXPECT_EQ(left.sizes(), (std::vector<std::int64_t>{5, 3, 4, 9}));
  EXPECT_TRUE(right.equal(b.slice(0, 0, 5).slice(3, 0, 9)));
  const auto [middle, centred] = crop_to_common(a, b, true);
  EXPECT_TRUE(middle.equal(a.slice(2, 1, 5)));
  EXPECT_TRUE(centred.equal(b.slice(0, 0, 5).slice(3, 1, 10)));
}

TEST(DoveProtocol, VideosAreRoundedBeforeTheSet) {
  const std::vector<double> videos = {rounded_mean(std::vector<double>{0.00006}),
                                      rounded_mean(std::vector<double>{0.00006}),
                                      rounded_mean(std::vector<double>{0.00002})};
  EXPECT_DOUBLE_EQ(rounded_mean(videos), 0.0001);
  EXPECT_TRUE(std::isinf(round_to_4_decimals(HUGE_VAL)));
  EXPECT_TRUE(std::isnan(rounded_mean(std::vector<double>{})));
}

}  // namespace
}  // namespace oasis::metrics
