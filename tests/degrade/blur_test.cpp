#include "oasis/degrade/blur.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "oasis/core/error.h"
#include "oasis/degrade/blur_kernel.h"
#include "oasis/degrade/random_source.h"

namespace oasis::degrade {
namespace {

constexpr std::array all_types{BlurType::iso,
                               BlurType::aniso,
                               BlurType::generalized_iso,
                               BlurType::generalized_aniso,
                               BlurType::plateau_iso,
                               BlurType::plateau_aniso,
                               BlurType::sinc};

KernelParameters random_parameters(std::uint32_t draw) {
  const RandomSource source({11, 1, draw});
  const auto within = [&](std::uint32_t index, double low, double high) {
    return low + (high - low) * source.uniform({index, 0, 0, Purpose::parameters});
  };
  return {all_types[draw % all_types.size()],
          7 + 2 * static_cast<int>(within(0, 0, 8)),
          within(1, 0.2, 3),
          within(2, 0.2, 3),
          within(3, -3.1416, 3.1416),
          within(4, 0.5, 4),
          within(5, 0.7, 3.1)};
}

// The table of `degradations.md` section 9: sigmas 1.5 and 0.6, theta 0.7, size 7.
TEST(BlurKernel, AgreesWithTheTable) {
  struct Row {
    BlurType type;
    double parameter;  // beta or omega
    std::array<double, 6> entries;
  };
  const double pi = std::numbers::pi;
  const std::array rows{
      Row{BlurType::iso,
          1,
          {0.073268827, 0.058669090, 0.058669090, 0.046978535, 0.046978535, 0.001341965}},
      Row{BlurType::aniso,
          1,
          {0.177436869, 0.087549730, 0.071801962, 0.111854068, 0.011221288, 0.002789428}},
      Row{BlurType::generalized_iso,
          0.7,
          {0.055941169, 0.042134754, 0.042134754, 0.035299577, 0.035299577, 0.006558446}},
      Row{BlurType::generalized_aniso,
          2.5,
          {0.316215335, 0.096558838, 0.034968920, 0.210054022, 0.000000000, 0.000000000}},
      Row{BlurType::plateau_iso,
          1.5,
          {0.085139162, 0.065678782, 0.065678782, 0.046320310, 0.046320310, 0.003603405}},
      Row{BlurType::plateau_aniso,
          1.5,
          {0.190534539, 0.071113549, 0.055486215, 0.100997800, 0.013634232, 0.007640916}},
      Row{BlurType::sinc,
          pi / 2,
          {0.235758774, 0.170147778, 0.170147778, 0.117341157, 0.117341157, -0.007498811}},
      Row{BlurType::sinc,
          pi,
          {0.802869546, 0.145473342, 0.145473342, -0.077789781, -0.077789781, 0.000130373}},
      Row{BlurType::sinc,
          pi / 3,
          {0.063635398, 0.055301990, 0.055301990, 0.047712813, 0.047712813, -0.006165614}}};
  for (const Row& row : rows) {
    const cv::Mat_<double> k =
        blur_kernel({row.type, 7, 1.5, 0.6, 0.7, row.parameter, row.parameter});
    const std::array found{k(3, 3), k(3, 4), k(4, 3), k(4, 4), k(2, 4), k(0, 0)};
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i], row.entries[i], 1e-6) << static_cast<int>(row.type) << ' ' << i;
    }
  }
}

TEST(BlurKernel, SumsToOneAndIsPointSymmetric) {
  for (std::uint32_t draw = 0; draw < 1001; ++draw) {
    const KernelParameters parameters = random_parameters(draw);
    const cv::Mat_<double> k = blur_kernel(parameters);
    EXPECT_NEAR(cv::sum(k)[0], 1, 1e-12);
    const int last = k.rows - 1;
    const bool iso = parameters.type == BlurType::iso || parameters.type == BlurType::sinc ||
                     parameters.type == BlurType::generalized_iso ||
                     parameters.type == BlurType::plateau_iso;
    for (int i = 0; i <= last; ++i) {
      for (int j = 0; j <= last; ++j) {
        ASSERT_NEAR(k(i, j), k(last - i, last - j), 1e-15);
        ASSERT_NEAR(k(i, j), iso ? k(j, i) : k(i, j), 1e-15);
      }
    }
  }
}

TEST(BlurKernel, IgnoresWhatTheTypeDoesNotUse) {
  const auto differ = [](const KernelParameters& a, const KernelParameters& b) {
    return cv::norm(blur_kernel(a), blur_kernel(b), cv::NORM_INF) > 0;
  };
  EXPECT_FALSE(differ({BlurType::iso, 9, 1, 2, 0.3, 2, 1}, {BlurType::iso, 9, 1, 3, 1, 1, 2}));
  EXPECT_FALSE(
      differ({BlurType::aniso, 9, 1, 2, 0.3, 2, 1}, {BlurType::aniso, 9, 1, 2, 0.3, 1, 2}));
  EXPECT_TRUE(differ({BlurType::aniso, 9, 1, 2, 0.3, 2, 1}, {BlurType::aniso, 9, 1, 2, 0.4, 2, 1}));
  EXPECT_FALSE(differ({BlurType::sinc, 9, 1, 2, 0.3, 2, 1}, {BlurType::sinc, 9, 2, 1, 1, 1, 1}));
}

TEST(BlurKernel, RefusesEvenSizes) {
  EXPECT_THROW(blur_kernel({BlurType::iso, 8, 1, 1, 0, 1, 1}), Error);
}

TEST(BlurFilter, AgreesWithPlainFilteringForEveryType) {
  cv::Mat frame(45, 61, CV_32FC3);
  cv::randu(frame, -20, 280);
  for (std::uint32_t draw = 0; draw < 56; ++draw) {
    const cv::Mat kernel = blur_kernel(random_parameters(draw));
    cv::Mat wide, plain;
    frame.convertTo(wide, CV_64F);
    cv::filter2D(wide, plain, CV_64F, kernel, {-1, -1}, 0, cv::BORDER_REFLECT_101);
    plain.convertTo(plain, CV_32F);
    const cv::Mat result = BlurFilter(kernel)(frame);
    EXPECT_LT(cv::norm(result, plain, cv::NORM_INF), 8e-4) << draw;
  }
}

TEST(BlurFilter, CorrelatesAndMirrorsWithoutTheEdge) {
  cv::Mat kernel = (cv::Mat_<double>(3, 3) << 1, 2, 3, 4, 5, 6, 7, 8, 9);
  const auto impulse = [&](int row, int column) {
    cv::Mat frame(9, 9, CV_32FC3, cv::Scalar::all(0));
    frame.at<cv::Vec3f>(row, column) = {1, 1, 1};
    cv::Mat plane;
    cv::extractChannel(BlurFilter(kernel)(frame), plane, 1);
    return cv::Mat_<float>(plane);
  };
  const auto middle = impulse(4, 4);
  for (int i = 0; i < 9; ++i) EXPECT_FLOAT_EQ(middle(3 + i / 3, 3 + i % 3), 9.0F - i);
  const auto corner = impulse(0, 0);
  EXPECT_FLOAT_EQ(corner(0, 0), 5);
  EXPECT_FLOAT_EQ(corner(0, 1), 4);
  EXPECT_FLOAT_EQ(corner(1, 0), 2);
  EXPECT_FLOAT_EQ(corner(1, 1), 1);
}

TEST(BlurFilter, KeepsConstantsInFramesBelowTheKernelsSize) {
  const cv::Mat frame(10, 3, CV_32FC3, cv::Scalar::all(77));
  for (const BlurType type : {BlurType::iso, BlurType::aniso, BlurType::sinc}) {
    const cv::Mat result = BlurFilter(blur_kernel({type, 21, 3, 2, 0.5, 1, 1.5}))(frame);
    EXPECT_LT(cv::norm(result, frame, cv::NORM_INF), 1e-3);
  }
}

}  // namespace
}  // namespace oasis::degrade
