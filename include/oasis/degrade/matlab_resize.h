#pragma once

#include <opencv2/core/mat.hpp>

namespace oasis::degrade {

/// MATLAB's `imresize(frame, scale, 'bicubic')`, which made the BI x4 inputs of the classic test
/// sets: a = -0.5, with `antialias` the kernel stretched by 1 / scale when shrinking, borders
/// mirrored with the edge pixel repeated, weights normalised, size ceil(n * scale). Rows are done
/// before columns. CV_32F with any number of channels; neither rounded nor clamped.
cv::Mat matlab_resize(const cv::Mat& frame, double scale, bool antialias);

}  // namespace oasis::degrade
