#include <utility>
#include <vector>

#include "degrade/frame_operators.h"
#include "degrade/operator_names.h"
#include "oasis/media/codec_roundtrip.h"

namespace oasis::degrade {
namespace {

media::RgbImage to_image(const cv::Mat& frame) {
  const cv::Mat padded = pad_even(frame);
  media::RgbImage image{padded.cols, padded.rows, {}};
  image.samples.resize(3 * padded.total());
  cv::Mat samples(padded.rows, padded.cols, CV_8UC3, image.samples.data());
  padded.convertTo(samples, CV_8U);  // rounds and clamps, as `quantise`
  return image;
}

cv::Mat to_frame(media::RgbImage& image, cv::Size size) {
  const cv::Mat samples(image.height, image.width, CV_8UC3, image.samples.data());
  cv::Mat frame;
  samples(cv::Rect({0, 0}, size)).convertTo(frame, CV_32F);
  return frame;
}

}  // namespace

Frames run_video(const ClipContext& context, const VideoPlan& video, const Frames& frames) {
  media::CodecRoundtripOptions options;
  options.encoder = word_of(codec_words(), video.codec);
  options.bit_rate = video.bitrate;
  options.frames_per_second = video.frames_per_second;
  options.unbiased = context.options.swscale == SwscaleMode::unbiased;
  std::vector<media::RgbImage> clip;
  clip.reserve(frames.size());
  for (const cv::Mat& frame : frames) clip.push_back(to_image(frame));
  auto decoded = media::codec_roundtrip(clip, options).frames;
  const cv::Size size = frames.front().size();
  Frames result;
  for (media::RgbImage& image : decoded) result.push_back(to_frame(image, size));
  return result;
}

}  // namespace oasis::degrade
