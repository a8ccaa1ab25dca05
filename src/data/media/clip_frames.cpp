#include "data/media/clip_frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "oasis/core/error.h"
#include "oasis/data/frame_picture.h"
#include "oasis/media/image_io.h"
#include "oasis/media/video_reader.h"

namespace oasis::data {
namespace {

void check_size(const Clip& clip, const media::Frame& frame) {
  if (frame.width == clip.width && frame.height == clip.height) return;
  throw Error(ExitCode::unreadable_input,
              fmt::format("{}: a frame of {}x{} in a clip of {}x{}", clip.path.string(),
                          frame.width, frame.height, clip.width, clip.height));
}

// A view's centre, at least `half` from both ends of a side.
double stay_inside(double centre, double half, int side) {
  return std::clamp(centre, half, std::max(half, side - half));
}

}  // namespace

degrade::Frames read_block(const Clip& clip, std::int64_t first, std::int64_t count,
                           const cv::Rect& block) {
  media::ReaderOptions options;
  options.threads = 1;
  options.allow_hdr = true;
  options.quiet = true;  // the index has said it
  const auto reader = media::VideoReader::open(clip.path, options);
  media::Frame frame;
  for (std::int64_t i = 0; i < first; ++i) {
    if (!reader->skip(frame)) break;
  }
  degrade::Frames frames;
  while (static_cast<std::int64_t>(frames.size()) < count && reader->next(frame)) {
    check_size(clip, frame);
    frames.push_back(cut_picture(frame, block));
  }
  if (frames.empty()) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: frame {} cannot be decoded", clip.path.string(), first));
  }
  while (static_cast<std::int64_t>(frames.size()) < count) frames.push_back(frames.back());
  return frames;
}

degrade::Frames glide_over(const Clip& photo, std::int64_t count, const cv::Rect& block,
                           const CameraPath& path) {
  const media::Image image = media::read_image(photo.path);
  check_size(photo, image.frame);
  const cv::Mat whole = cut_picture(image.frame, {0, 0, photo.width, photo.height});
  const double direction = 2.0 * std::numbers::pi * path.angle;
  const double pixels = 4.0 * path.speed;
  const double zoom_step = 0.01 * (path.zoom - 0.5);
  const double most = 1.0 + std::abs(zoom_step) * static_cast<double>(count);
  degrade::Frames frames;
  for (std::int64_t t = 0; t < count; ++t) {
    const double middle = static_cast<double>(t) - 0.5 * static_cast<double>(count - 1);
    const double scale = most + zoom_step * middle;  // at least 1: enlarged, never shrunk
    const double x =
        stay_inside(block.x + 0.5 * block.width + pixels * middle * std::cos(direction),
                    0.5 * block.width / scale, photo.width);
    const double y =
        stay_inside(block.y + 0.5 * block.height + pixels * middle * std::sin(direction),
                    0.5 * block.height / scale, photo.height);
    // From a pixel of the view to one of the photo, about the centres of both.
    const cv::Matx23d to_photo(1 / scale, 0, x - 0.5 - (0.5 * block.width - 0.5) / scale,  //
                               0, 1 / scale, y - 0.5 - (0.5 * block.height - 0.5) / scale);
    cv::Mat view;
    cv::warpAffine(whole, view, to_photo, block.size(), cv::INTER_CUBIC | cv::WARP_INVERSE_MAP,
                   cv::BORDER_REFLECT_101);
    frames.push_back(view);
  }
  return frames;
}

}  // namespace oasis::data
