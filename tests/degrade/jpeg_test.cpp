#include "oasis/degrade/jpeg.h"

#include <gtest/gtest.h>

#include "oasis/degrade/unsharp_mask.h"
#include "test_clip.h"

namespace oasis::degrade {
namespace {

// `degradations.md` section 9: frame 0 of the test clip at 128x256.
TEST(Jpeg, ReachesTheKnownQualityAndSize) {
  const cv::Mat frame = make_test_clip(1, 128, 256).front();
  struct Row {
    int quality;
    double psnr, bytes;
  };
  for (const Row& row :
       {Row{30, 29.95, 2639}, Row{50, 31.11, 3457}, Row{75, 32.30, 4997}, Row{95, 36.72, 12247}}) {
    const JpegResult result = jpeg_roundtrip(to_float(frame), row.quality, true);
    EXPECT_NEAR(cv::PSNR(frame, result.frame), row.psnr, 0.3);
    EXPECT_NEAR(static_cast<double>(result.bytes), row.bytes, 0.03 * row.bytes);
  }
}

TEST(Jpeg, ExchangesRedAndBlueOnlyWhenAsked) {
  cv::Mat frame(16, 16, CV_8UC3, cv::Scalar(200, 20, 20));
  frame(cv::Rect(8, 0, 8, 16)) = cv::Scalar(20, 20, 200);
  const cv::Mat as_bgr = jpeg_roundtrip(frame, 60, true).frame;
  const cv::Mat as_rgb = jpeg_roundtrip(frame, 60, false).frame;
  EXPECT_GT(cv::PSNR(frame, as_bgr), 22);
  EXPECT_GT(cv::PSNR(frame, as_rgb), 22);
  EXPECT_GT(cv::norm(as_bgr, as_rgb, cv::NORM_INF), 0);
}

TEST(UnsharpMask, AgreesWithTheKnownPixels) {
  const cv::Mat frame = make_test_clip(1, 128, 256).front();
  const cv::Mat sharp = sharpen(frame, {});
  const auto near = [&](int x, int y, const cv::Vec3f& expected) {
    EXPECT_LT(cv::norm(sharp.at<cv::Vec3f>(y, x) - expected, cv::NORM_INF), 5e-3);
  };
  near(10, 10, {122.541F, 57.868F, 193.039F});
  near(128, 64, {202.720F, 150.395F, 34.491F});
  const cv::Mat change = cv::abs(sharp - to_float(frame));
  EXPECT_NEAR(cv::mean(change.reshape(1))[0], 3.0561, 1e-3);
}

}  // namespace
}  // namespace oasis::degrade
