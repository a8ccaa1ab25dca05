#pragma once

#include <opencv2/core/mat.hpp>

namespace oasis::degrade {

/// OpenCV's interpolations, separable, with aligned pixel areas (`degradations.md` section 2.2).
/// Only `area` averages when it shrinks; `cubic` has a = -0.75.
enum class Interpolation { linear, area, cubic };

/// The size that a picture of `size` takes at `scale`: rounded down to even numbers if `even`,
/// else to whole ones; never below 2.
cv::Size scaled_size(cv::Size size, double scale, bool even);

/// The frame in another size (`cv::Size` is width, height); the same size returns it unchanged.
cv::Mat resize(const cv::Mat& frame, cv::Size size, Interpolation interpolation);

}  // namespace oasis::degrade
