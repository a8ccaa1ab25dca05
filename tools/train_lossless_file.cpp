#include "train_lossless_file.h"

#include <fmt/format.h>

#include <vector>

#include "oasis/core/error.h"
#include "oasis/data/frame_picture.h"
#include "oasis/degrade/pipeline.h"

namespace oasis::tools {

cv::Mat to_picture(const media::Frame& frame, const cv::Rect& part) {
  return degrade::quantise(data::cut_picture(frame, part));
}

cv::Mat first_picture(const std::filesystem::path& path, cv::Size size, bool allow_hdr) {
  media::ReaderOptions reading;
  reading.threads = 1;
  reading.allow_hdr = allow_hdr;
  reading.quiet = true;
  media::Frame frame;
  if (!media::VideoReader::open(path, reading)->next(frame) || frame.width < size.width ||
      frame.height < size.height) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: its first frame cannot be read", path.string()));
  }
  return to_picture(frame, {{0, 0}, size});
}

LosslessFile::LosslessFile(const std::filesystem::path& path, const media::VideoInfo& source,
                           cv::Size size) {
  std::filesystem::create_directories(path.parent_path());
  media::VideoInfo info = source;
  info.layout = media::PixelLayout::rgb;
  info.bit_depth = 8;
  info.color.matrix = 0;
  info.color.full_range = true;
  info.chroma_location = 0;
  media::WriterOptions options;
  options.codec = "ffv1";
  options.overwrite = true;
  options.threads = 1;
  writer_ = media::VideoWriter::create(path, options, info, size.width, size.height);
}

void LosslessFile::write(const cv::Mat& picture, const media::Frame& times) {
  frame_.resize(picture.cols, picture.rows);
  frame_.pts = times.pts;
  frame_.duration = times.duration;
  cv::Mat values;
  picture.convertTo(values, CV_32FC3, 1.0 / 255.0);
  std::vector<cv::Mat> planes;
  for (int channel = 0; channel < 3; ++channel) {
    planes.emplace_back(picture.rows, picture.cols, CV_32FC1, frame_.plane(channel));
  }
  cv::split(values, planes);
  writer_->write(frame_);
}

}  // namespace oasis::tools
