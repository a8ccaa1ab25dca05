#pragma once

#include <cstdint>
#include <opencv2/core.hpp>

#include "oasis/data/clip_index.h"
#include "oasis/degrade/frames.h"

namespace oasis::data {

/// Frames first .. first + count - 1 of a video, cut to `block`; the last frame is repeated where
/// the video is shorter. CV_32FC3 RGB on the scale 0..255. Throws `oasis::Error`
/// (unreadable_input).
degrade::Frames read_block(const Clip& clip, std::int64_t first, std::int64_t count,
                           const cv::Rect& block);

/// A camera that glides over a photo: numbers in [0, 1) choose direction, speed and zoom.
struct CameraPath {
  double angle = 0;   ///< of the motion
  double speed = 0;   ///< 0 still, 1 the fastest, 4 pixels a frame
  double zoom = 0.5;  ///< 0.5 none, 0 and 1 half a percent a frame in and out
};

/// As `read_block` for a photo seen by a moving camera; never smaller than the photo's own pixels.
degrade::Frames glide_over(const Clip& photo, std::int64_t count, const cv::Rect& block,
                           const CameraPath& path);

}  // namespace oasis::data
