#pragma once

#include <cstddef>
#include <opencv2/core/mat.hpp>

namespace oasis::degrade {

/// A frame after JPEG compression.
struct JpegResult {
  cv::Mat frame;          ///< CV_8UC3
  std::size_t bytes = 0;  ///< of the stream
};

/// Rounds, encodes (baseline, 4:2:0, `quality` 1 to 100) and decodes a frame of R, G, B. With
/// `as_bgr` the codec takes R for B and B for R, as in the references, which hand RGB to OpenCV.
JpegResult jpeg_roundtrip(const cv::Mat& frame, int quality, bool as_bgr);

}  // namespace oasis::degrade
