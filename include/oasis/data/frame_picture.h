#pragma once

#include <opencv2/core.hpp>

#include "oasis/media/frame.h"

namespace oasis::data {

/// A part of a planar frame as an interleaved picture: CV_32FC3 RGB on the scale 0..255, not
/// rounded.
cv::Mat cut_picture(const media::Frame& frame, const cv::Rect& part);

}  // namespace oasis::data
