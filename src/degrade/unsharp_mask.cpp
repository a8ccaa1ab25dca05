#include "oasis/degrade/unsharp_mask.h"

#include <opencv2/imgproc.hpp>

#include "oasis/degrade/frames.h"

namespace oasis::degrade {

cv::Mat sharpen(const cv::Mat& frame, const UnsharpMask& mask) {
  const cv::Mat picture = to_float(frame);
  const cv::Mat gaussian = cv::getGaussianKernel(mask.ksize, mask.sigma, CV_64F);
  const auto smooth = [&](const cv::Mat& values) {
    cv::Mat result;
    cv::sepFilter2D(values, result, CV_32F, gaussian, gaussian, {-1, -1}, 0,
                    cv::BORDER_REFLECT_101);
    return result;
  };
  const cv::Mat detail = picture - smooth(picture);
  cv::Mat edges;
  cv::threshold(cv::abs(detail), edges, mask.threshold, 1, cv::THRESH_BINARY);
  cv::Mat sharp = picture + mask.weight * detail;
  sharp = cv::min(cv::max(sharp, 0), 255);
  const cv::Mat share = smooth(edges);
  return picture + share.mul(sharp - picture);
}

}  // namespace oasis::degrade
