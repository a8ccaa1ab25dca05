#include "oasis/degrade/frames.h"

#include <opencv2/core.hpp>

namespace oasis::degrade {

cv::Mat quantise(const cv::Mat& frame) {
  cv::Mat rounded;
  frame.convertTo(rounded, CV_8U);
  return rounded;
}

cv::Mat to_float(const cv::Mat& frame) {
  if (frame.depth() == CV_32F) return frame;
  cv::Mat values;
  frame.convertTo(values, CV_32F);
  return values;
}

cv::Mat to_network(const cv::Mat& quantised) {
  cv::Mat values;
  quantised.convertTo(values, CV_32F, 1 / 127.5, -1);
  return values;
}

cv::Mat pad_even(const cv::Mat& frame) {
  if (frame.rows % 2 == 0 && frame.cols % 2 == 0) return frame;
  cv::Mat padded;
  cv::copyMakeBorder(frame, padded, 0, frame.rows % 2, 0, frame.cols % 2, cv::BORDER_REFLECT);
  return padded;
}

}  // namespace oasis::degrade
