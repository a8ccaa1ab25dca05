#include "frame_tensor.h"

#include <ATen/Functions.h>

#include <opencv2/core.hpp>
#include <stdexcept>

namespace oasis::golden {
namespace {

int depth_of(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return CV_32F;
    case at::kDouble:
      return CV_64F;
    case at::kByte:
      return CV_8U;
    case at::kInt:
      return CV_32S;
    default:
      throw std::runtime_error("no picture holds this type");
  }
}

at::ScalarType type_of(int depth) {
  switch (depth) {
    case CV_32F:
      return at::kFloat;
    case CV_64F:
      return at::kDouble;
    case CV_8U:
      return at::kByte;
    case CV_32S:
      return at::kInt;
    default:
      throw std::runtime_error("no tensor holds this type");
  }
}

}  // namespace

cv::Mat to_mat(const at::Tensor& picture) {
  const at::Tensor values =
      (picture.scalar_type() == at::kLong ? picture.to(at::kInt) : picture).contiguous();
  const int type = CV_MAKETYPE(depth_of(values.scalar_type()), static_cast<int>(values.size(2)));
  const cv::Mat view(static_cast<int>(values.size(0)), static_cast<int>(values.size(1)), type,
                     values.data_ptr());
  return view.clone();
}

at::Tensor to_tensor(const cv::Mat& picture) {
  cv::Mat values = picture.isContinuous() ? picture : picture.clone();
  return at::from_blob(values.data, {values.rows, values.cols, values.channels()},
                       type_of(values.depth()))
      .clone();
}

}  // namespace oasis::golden
