#include "oasis/degrade/resize.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace oasis::degrade {
namespace {

int scaled_side(int side, double scale, bool even) {
  const double scaled = side * scale;
  const int whole =
      even ? 2 * static_cast<int>(std::floor(scaled / 2)) : static_cast<int>(std::floor(scaled));
  return std::max(2, whole);
}

int opencv_flag(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::linear:
      return cv::INTER_LINEAR;
    case Interpolation::area:
      return cv::INTER_AREA;
    case Interpolation::cubic:
      break;
  }
  return cv::INTER_CUBIC;
}

}  // namespace

cv::Size scaled_size(cv::Size size, double scale, bool even) {
  return {scaled_side(size.width, scale, even), scaled_side(size.height, scale, even)};
}

cv::Mat resize(const cv::Mat& frame, cv::Size size, Interpolation interpolation) {
  if (frame.size() == size) return frame;
  cv::Mat result;
  cv::resize(frame, result, size, 0, 0, opencv_flag(interpolation));
  return result;
}

}  // namespace oasis::degrade
