#include "oasis/degrade/blur.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "degrade/correlate.h"

namespace oasis::degrade {
namespace {

// Of the sum 1: times 255 it is far below the rounding of float sums.
constexpr double negligible = 1e-8;

double ring_weight(const cv::Mat& kernel, int inset) {
  double sum = 0;
  const int last = kernel.rows - 1 - inset;
  for (int i = inset; i <= last; ++i) {
    sum += std::abs(kernel.at<double>(inset, i)) + std::abs(kernel.at<double>(last, i)) +
           std::abs(kernel.at<double>(i, inset)) + std::abs(kernel.at<double>(i, last));
  }
  return sum;
}

cv::Mat trim(const cv::Mat& kernel) {
  int inset = 0;
  double dropped = 0;
  while (2 * inset + 1 < kernel.rows) {
    dropped += ring_weight(kernel, inset);
    if (dropped > negligible) break;
    ++inset;
  }
  const cv::Range kept(inset, kernel.rows - inset);
  return kernel(kept, kept);
}

// Whether K[i,j] K[c,c] = K[i,c] K[c,j]: then K is the product of its middle column and middle row
// divided by its centre.
bool is_product(const cv::Mat& kernel) {
  const int c = kernel.rows / 2;
  const double centre = kernel.at<double>(c, c);
  for (int i = 0; i < kernel.rows; ++i) {
    for (int j = 0; j < kernel.cols; ++j) {
      const double product = kernel.at<double>(i, c) * kernel.at<double>(c, j);
      if (std::abs(kernel.at<double>(i, j) * centre - product) > 1e-12 * centre * centre) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

BlurFilter::BlurFilter(const cv::Mat& kernel) {
  const cv::Mat trimmed = trim(kernel);
  trimmed.convertTo(kernel_, CV_32F);
  if (!is_product(trimmed)) return;
  const int c = trimmed.rows / 2;
  trimmed.col(c).convertTo(column_, CV_32F);
  trimmed.row(c).convertTo(row_, CV_32F, 1 / trimmed.at<double>(c, c));
}

cv::Mat BlurFilter::operator()(const cv::Mat& frame) const {
  cv::Mat result;
  if (!row_.empty()) {
    cv::sepFilter2D(frame, result, CV_32F, row_, column_, {-1, -1}, 0, cv::BORDER_REFLECT_101);
  } else {
    result = correlate(frame, kernel_);
  }
  return result;
}

}  // namespace oasis::degrade
