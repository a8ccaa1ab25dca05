#pragma once

#include <filesystem>
#include <memory>
#include <opencv2/core.hpp>

#include "oasis/media/video_reader.h"
#include "oasis/media/video_writer.h"

namespace oasis::tools {

/// A part of a frame as a picture, 8-bit RGB.
cv::Mat to_picture(const media::Frame& frame, const cv::Rect& part);

/// The first picture of a video, cut to a size. Throws `oasis::Error` (unreadable_input) if it
/// cannot be read or is smaller.
cv::Mat first_picture(const std::filesystem::path& path, cv::Size size, bool allow_hdr);

/// A lossless video (FFV1) of 8-bit RGB pictures with the times of its source.
class LosslessFile {
 public:
  LosslessFile(const std::filesystem::path& path, const media::VideoInfo& source, cv::Size size);

  void write(const cv::Mat& picture, const media::Frame& times);
  void finish() { writer_->finish(); }

 private:
  std::unique_ptr<media::VideoWriter> writer_;
  media::Frame frame_;
};

}  // namespace oasis::tools
