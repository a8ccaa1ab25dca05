#pragma once

#include <opencv2/core/mat.hpp>

namespace oasis::degrade {

/// A kernel made ready for filtering. Its rows and columns that hold next to nothing are left out,
/// and a kernel that is a product of a column and a row is filtered as such: what differs from the
/// plain correlation is the rounding of sums in single precision, below 1e-3 on the scale 0..255.
class BlurFilter {
 public:
  /// `kernel` is `[k, k]`, CV_64F, k odd.
  explicit BlurFilter(const cv::Mat& kernel);

  /// Correlation of each channel of a CV_32FC3 frame with the kernel; the border is mirrored
  /// without repeating the edge (`gfedcb|abcdefgh|gfedcba`), as often as a small frame needs it.
  cv::Mat operator()(const cv::Mat& frame) const;

 private:
  cv::Mat kernel_;        ///< trimmed; CV_32F
  cv::Mat row_, column_;  ///< set when the kernel is their product
};

}  // namespace oasis::degrade
