#pragma once

#include <opencv2/core/mat.hpp>

namespace oasis::degrade {

/// Unsharp masking of the ground truth (`degradations.md` section 2.6).
struct UnsharpMask {
  bool enabled = false;
  int ksize = 51;         ///< taps of the Gaussian, odd
  double sigma = 0;       ///< pixels; 0: OpenCV's rule, 8.0 for 51 taps
  double weight = 0.5;    ///< of the detail that is added
  double threshold = 10;  ///< of the detail, on the scale 0..255, from where it counts
};

/// The sharpened frame, CV_32FC3 on the scale 0..255, whatever `enabled` says.
cv::Mat sharpen(const cv::Mat& frame, const UnsharpMask& mask);

}  // namespace oasis::degrade
