#pragma once

#include <opencv2/core/mat.hpp>
#include <vector>

namespace oasis::degrade {

/// The pictures of a clip in order of display, `[height, width, 3]`, R, G, B. Between operators
/// CV_32FC3 on the scale 0..255, not clamped; where it says so CV_8UC3.
using Frames = std::vector<cv::Mat>;

/// CV_8UC3: rounded half to even, then clamped to 0..255.
cv::Mat quantise(const cv::Mat& frame);

/// CV_32FC3 on the scale 0..255 of either kind of frame; a float frame is returned as it is.
cv::Mat to_float(const cv::Mat& frame);

/// What the model sees of an 8-bit frame: CV_32FC3, x / 127.5 - 1.
cv::Mat to_network(const cv::Mat& quantised);

/// The frame with a row at the bottom and a column at the right repeated where the size is odd.
cv::Mat pad_even(const cv::Mat& frame);

}  // namespace oasis::degrade
