#pragma once

#include <ATen/core/Tensor.h>

#include <opencv2/core/mat.hpp>

namespace oasis::golden {

/// A tensor [H,W,C] as a picture of its own: float32, float64, uint8 or int64 (as CV_32S).
cv::Mat to_mat(const at::Tensor& picture);

/// A picture as a tensor [H,W,C]; C is there also if it is 1.
at::Tensor to_tensor(const cv::Mat& picture);

}  // namespace oasis::golden
