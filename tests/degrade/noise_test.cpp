#include "oasis/degrade/noise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/core.hpp>

namespace oasis::degrade {
namespace {

const RandomSource source({5, 1, 9});

cv::Mat plane(const cv::Mat& picture, int channel) {
  cv::Mat result;
  cv::extractChannel(picture, result, channel);
  return result;
}

double variance(const cv::Mat& values) {
  cv::Scalar mean, deviation;
  cv::meanStdDev(values, mean, deviation);
  return deviation[0] * deviation[0];
}

double correlation(const cv::Mat& a, const cv::Mat& b) {
  const cv::Mat x = a - cv::mean(a)[0], y = b - cv::mean(b)[0];
  return x.dot(y) / std::sqrt(x.dot(x) * y.dot(y));
}

// A ramp of all 256 values, 32 pixels high.
cv::Mat ramp(int repeats) {
  cv::Mat frame(32, 256 * repeats, CV_32FC3);
  for (int y = 0; y < frame.rows; ++y) {
    for (int x = 0; x < frame.cols; ++x) {
      frame.at<cv::Vec3f>(y, x) = cv::Vec3f::all(static_cast<float>(x % 256));
    }
  }
  return frame;
}

cv::Mat poisson_noise(const cv::Mat& frame, double scale, bool gray, PoissonConvention convention) {
  const PoissonField field = poisson_field(frame, gray);
  const cv::Mat counts = poisson_counts(field, convention, {source, 0, 0});
  return add_poisson(frame, field, counts, scale, convention) - frame;
}

TEST(NormalNoise, HasTheMomentsOfTheNormalDistribution) {
  const cv::Mat noise = normal_noise({512, 512}, 1, {source, 0, 0});
  const double n = 512 * 512;
  const cv::Mat squares = noise.mul(noise);
  EXPECT_NEAR(cv::mean(noise)[0], 0, 4 / std::sqrt(n));
  EXPECT_NEAR(variance(noise), 1, 4 * std::sqrt(2 / n));
  EXPECT_NEAR(cv::mean(squares.mul(squares))[0], 3, 4 * std::sqrt(96 / n));
  // Shares within 0.5, 1, 2, 3 and 4 standard deviations.
  for (const double reach : {0.5, 1.0, 2.0, 3.0, 4.0}) {
    const double share = std::erf(reach / std::sqrt(2.0));
    const double found = cv::countNonZero(cv::abs(noise) < reach) / n;
    EXPECT_NEAR(found, share, 4 * std::sqrt(share * (1 - share) / n) + 1e-6) << reach;
  }
}

TEST(NormalNoise, IsBoxMullerOnPhiloxWords) {
  const NoiseStream stream{source, 3, 7};
  const cv::Mat noise = normal_noise({53, 41}, 3, stream);
  const float* values = noise.ptr<float>();
  for (std::uint32_t block = 0; 4 * block + 3 < noise.total() * 3; ++block) {
    const PhiloxCounter words = source.words({block, 3, 7, Purpose::noise});
    for (std::size_t pair = 0; pair < 4; pair += 2) {
      const double radius = std::sqrt(-2 * std::log((words[pair] + 1.0) * 0x1p-32));
      const double angle = 2 * M_PI * words[pair + 1] * 0x1p-32;
      ASSERT_NEAR(values[4 * block + pair], radius * std::cos(angle), 5e-6);
      ASSERT_NEAR(values[4 * block + pair + 1], radius * std::sin(angle), 5e-6);
    }
  }
}

TEST(NormalNoise, DiffersBetweenFramesOperatorsAndChannels) {
  const cv::Mat noise = normal_noise({256, 256}, 3, {source, 0, 0});
  const cv::Mat frame = normal_noise({256, 256}, 3, {source, 1, 0});
  const cv::Mat other = normal_noise({256, 256}, 3, {source, 0, 1});
  const double limit = 4.0 / 256;
  EXPECT_LT(std::abs(correlation(plane(noise, 0), plane(noise, 1))), limit);
  EXPECT_LT(std::abs(correlation(plane(noise, 0), plane(frame, 0))), limit);
  EXPECT_LT(std::abs(correlation(plane(noise, 2), plane(other, 2))), limit);
}

TEST(GaussianNoise, IsSharedByTheChannelsWhenGray) {
  const cv::Mat flat(64, 64, CV_32FC3, cv::Scalar::all(128));
  const cv::Mat noisy = add_gaussian(flat, normal_noise(flat.size(), 1, {source, 0, 0}), 20);
  EXPECT_EQ(cv::norm(plane(noisy, 0), plane(noisy, 2), cv::NORM_INF), 0);
  EXPECT_NEAR(variance(plane(noisy, 0)), 400, 4 * 400 * std::sqrt(2.0 / (64 * 64)));
}

TEST(PoissonNoise, HasTheVarianceOfItsConvention) {
  constexpr int repeats = 12;
  const cv::Mat frame = ramp(repeats);
  const double n = 32.0 * repeats * 3;
  for (const auto convention : {PoissonConvention::unit, PoissonConvention::byte}) {
    const double factor = convention == PoissonConvention::unit ? 255 : 1, scale = 1.5;
    const cv::Mat noise = poisson_noise(frame, scale, false, convention);
    for (const int v : {0, 1, 5, 40, 128, 255}) {
      cv::Mat of_value;
      for (int i = 0; i < repeats; ++i) of_value.push_back(noise.col(256 * i + v).clone());
      const double expected = factor * v * scale * scale / 256;
      const double rate = poisson_rate(v, 256, convention);
      const double spread = v > 0 ? std::sqrt((2 + 1 / rate) / n) : 0;
      const cv::Mat values = of_value.reshape(1);
      EXPECT_NEAR(variance(values), expected, 5 * expected * spread) << v;
      EXPECT_NEAR(cv::mean(values)[0], 0, 4 * std::sqrt(expected / n)) << v;
    }
  }
}

TEST(PoissonNoise, CountsTheFramesDistinctValues) {
  const cv::Mat flat(8, 8, CV_32FC3, cv::Scalar::all(128.3));
  EXPECT_EQ(poisson_field(flat, false).levels, 1);
  EXPECT_EQ(poisson_field(flat, true).levels, 1);
  EXPECT_EQ(poisson_field(ramp(1), false).levels, 256);
  EXPECT_EQ(poisson_field(ramp(1)(cv::Rect(0, 0, 33, 4)), false).levels, 64);
  cv::Mat three(8, 8, CV_32FC3, cv::Scalar(1, 2, 3));
  EXPECT_EQ(poisson_field(three, false).levels, 4);
  EXPECT_EQ(poisson_field(three, true).levels, 1);
}

TEST(PoissonNoise, OfAFlatFrameIsStrong) {
  const cv::Mat flat(128, 128, CV_32FC3, cv::Scalar::all(128));
  const cv::Mat noise = poisson_noise(flat, 0.1, false, PoissonConvention::unit);
  const double expected = 255 * 128 * 0.01;
  EXPECT_NEAR(variance(noise.reshape(1)), expected,
              5 * expected * std::sqrt(2.0 / (3 * 128 * 128)));
}

TEST(PoissonNoise, IsOneDrawPerPixelWhenGray) {
  const cv::Mat noise = poisson_noise(ramp(1), 1, true, PoissonConvention::unit);
  EXPECT_LT(cv::norm(plane(noise, 0), plane(noise, 1), cv::NORM_INF), 1e-3);
  EXPECT_GT(cv::norm(plane(noise, 0), cv::NORM_INF), 1);
}

}  // namespace
}  // namespace oasis::degrade
