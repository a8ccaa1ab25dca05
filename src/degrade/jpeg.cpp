#include "oasis/degrade/jpeg.h"

#include <fmt/format.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/degrade/frames.h"

namespace oasis::degrade {

JpegResult jpeg_roundtrip(const cv::Mat& frame, int quality, bool as_bgr) {
  cv::Mat picture = quantise(frame);
  if (!as_bgr) cv::cvtColor(picture, picture, cv::COLOR_RGB2BGR);
  std::vector<unsigned char> stream;
  cv::Mat decoded;
  if (cv::imencode(".jpg", picture, stream, {cv::IMWRITE_JPEG_QUALITY, quality})) {
    decoded = cv::imdecode(stream, cv::IMREAD_COLOR);
  }
  if (decoded.size() != frame.size()) {
    throw Error(fmt::format("JPEG: OpenCV cannot code a frame of {}x{} at quality {}", frame.cols,
                            frame.rows, quality));
  }
  if (!as_bgr) cv::cvtColor(decoded, decoded, cv::COLOR_BGR2RGB);
  return {decoded, stream.size()};
}

}  // namespace oasis::degrade
