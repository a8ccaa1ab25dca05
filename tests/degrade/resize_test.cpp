#include "oasis/degrade/resize.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>
#include <vector>

#include "oasis/degrade/frames.h"
#include "oasis/degrade/matlab_resize.h"

namespace oasis::degrade {
namespace {

cv::Mat formula_picture() {
  cv::Mat picture(6, 8, CV_32FC3);
  for (int y = 0; y < 6; ++y) {
    for (int x = 0; x < 8; ++x) {
      const auto value = static_cast<float>((37 * x + 91 * y + 13 * x * y) % 256);
      picture.at<cv::Vec3f>(y, x) = cv::Vec3f::all(value);
    }
  }
  return picture;
}

// A row of the tables of `degradations.md` section 9.
void expect_row(const cv::Mat& picture, int row, const std::vector<float>& expected) {
  ASSERT_EQ(picture.cols, static_cast<int>(expected.size()));
  for (int x = 0; x < picture.cols; ++x) {
    EXPECT_NEAR(picture.at<cv::Vec3f>(row, x)[1], expected[static_cast<std::size_t>(x)], 1e-3);
  }
}

TEST(Resize, AgreesWithTheTables) {
  const cv::Mat picture = formula_picture();
  expect_row(resize(picture, {5, 4}, Interpolation::linear), 0,
             {34.825F, 99.225F, 131.625F, 164.025F, 94.025F});
  expect_row(resize(picture, {5, 4}, Interpolation::cubic), 3,
             {152.5676F, 106.2294F, 176.6543F, 151.3072F, 133.2357F});
  expect_row(resize(picture, {5, 4}, Interpolation::area), 1,
             {173.6667F, 133.6667F, 143.6667F, 153.6667F, 113.6667F});
  expect_row(resize(picture, {10, 8}, Interpolation::area), 1,
             {60.6667F, 94.9167F, 129.1667F, 163.4167F, 197.6667F, 72.6667F, 106.9167F, 141.1667F,
              154.0833F, 124.3333F});
  expect_row(resize(picture, {10, 8}, Interpolation::cubic), 1,
             {45.5443F, 71.9138F, 128.1038F, 191.2862F, 198.2320F, 69.7743F, 76.7202F, 148.5510F,
              170.3548F, 124.6079F});
}

TEST(Resize, KeepsTheSameSizeAndConstants) {
  const cv::Mat picture = formula_picture();
  const cv::Mat flat(17, 23, CV_32FC3, cv::Scalar::all(99));
  for (const auto how : {Interpolation::linear, Interpolation::area, Interpolation::cubic}) {
    EXPECT_EQ(cv::norm(resize(picture, picture.size(), how), picture, cv::NORM_INF), 0);
    for (const cv::Size size : {cv::Size(6, 40), cv::Size(46, 34), cv::Size(2, 2)}) {
      const cv::Mat result = resize(flat, size, how);
      EXPECT_EQ(result.size(), size);
      EXPECT_LT(cv::norm(result, cv::Mat(size, CV_32FC3, cv::Scalar::all(99)), cv::NORM_INF), 1e-3);
    }
  }
}

TEST(Resize, RoundsSizesDownToEvenNumbers) {
  EXPECT_EQ(scaled_size({101, 50}, 0.5, true), cv::Size(50, 24));
  EXPECT_EQ(scaled_size({101, 51}, 0.5, false), cv::Size(50, 25));
  EXPECT_EQ(scaled_size({10, 10}, 0.05, true), cv::Size(2, 2));
  EXPECT_EQ(scaled_size({640, 320}, 1.1, true), cv::Size(704, 352));
}

TEST(MatlabResize, KeepsConstantsAndSizesAsImresize) {
  const cv::Mat flat(21, 30, CV_32FC3, cv::Scalar::all(0.25));
  const cv::Mat quarter = matlab_resize(flat, 0.25, true);
  EXPECT_EQ(quarter.size(), cv::Size(8, 6));
  EXPECT_LT(cv::norm(quarter, cv::Mat(quarter.size(), CV_32FC3, cv::Scalar::all(0.25))), 1e-5);
}

TEST(PadEven, RepeatsTheLastRowAndColumn) {
  cv::Mat frame(3, 5, CV_32FC3);
  cv::randu(frame, 0, 255);
  const cv::Mat padded = pad_even(frame);
  ASSERT_EQ(padded.size(), cv::Size(6, 4));
  EXPECT_EQ(padded.at<cv::Vec3f>(3, 5), frame.at<cv::Vec3f>(2, 4));
  EXPECT_EQ(padded.at<cv::Vec3f>(3, 0), frame.at<cv::Vec3f>(2, 0));
  EXPECT_EQ(pad_even(padded).data, padded.data);
}

TEST(Quantise, RoundsHalvesToEvenAndClamps) {
  const cv::Mat frame = (cv::Mat_<float>(1, 6) << -3, 0.5, 1.5, 2.5, 254.5, 300);
  const cv::Mat_<unsigned char> result = quantise(frame);
  const std::vector<int> expected{0, 0, 2, 2, 254, 255};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(result(0, i), expected[static_cast<std::size_t>(i)]);
}

}  // namespace
}  // namespace oasis::degrade
