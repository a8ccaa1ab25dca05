#include "oasis/media/image_io.h"

#include <fmt/format.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "oasis/core/error.h"
#include "oasis/media/color_conversion.h"

namespace oasis::media {
namespace {

/// Takes interleaved B, G, R(, A) or gray samples apart into the planes of a frame.
template <typename Sample>
void take_apart(const cv::Mat& pixels, float top, Frame& frame) {
  const int channels = pixels.channels();
  for (int y = 0; y < pixels.rows; ++y) {
    const Sample* row = pixels.ptr<Sample>(y);
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(y) * pixels.cols;
    for (int channel = 0; channel < 3; ++channel) {
      const int source = channels < 3 ? 0 : 2 - channel;
      float* values = frame.plane(channel) + at;
      for (int x = 0; x < pixels.cols; ++x) {
        values[x] = static_cast<float>(row[x * channels + source]) / top;
      }
    }
  }
}

template <typename Sample>
cv::Mat put_together(const Frame& frame, float top, int type) {
  cv::Mat pixels(frame.height, frame.width, type);
  for (int y = 0; y < frame.height; ++y) {
    Sample* row = pixels.ptr<Sample>(y);
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(y) * frame.width;
    for (int channel = 0; channel < 3; ++channel) {
      const float* values = frame.plane(channel) + at;
      for (int x = 0; x < frame.width; ++x) {
        const float code = std::min(std::max(values[x] * top, 0.0f), top) + 0.5f;
        row[3 * x + 2 - channel] = static_cast<Sample>(static_cast<int>(code));
      }
    }
  }
  return pixels;
}

}  // namespace

Image read_image(const std::filesystem::path& path) {
  cv::Mat pixels;
  std::string reason = "the format is unknown or the file is damaged";
  try {
    pixels = cv::imread(path.string(), cv::IMREAD_UNCHANGED);
  } catch (const cv::Exception& error) {
    reason = error.err;
  }
  if (pixels.empty()) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("cannot read the image {}: {}", path.string(), reason));
  }
  if (pixels.depth() != CV_8U && pixels.depth() != CV_16U) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("the image {} has neither 8 nor 16 bits per sample; convert it to PNG",
                            path.string()));
  }
  Image image;
  image.bit_depth = pixels.depth() == CV_16U ? 16 : 8;
  image.gray = pixels.channels() < 3;
  image.has_alpha = pixels.channels() == 2 || pixels.channels() == 4;
  image.frame.resize(pixels.cols, pixels.rows);
  if (image.bit_depth == 16) {
    take_apart<std::uint16_t>(pixels, 65535.0f, image.frame);
  } else {
    take_apart<std::uint8_t>(pixels, 255.0f, image.frame);
  }
  return image;
}

void write_png(const std::filesystem::path& path, const Frame& frame, int bit_depth) {
  const cv::Mat pixels = bit_depth > 8 ? put_together<std::uint16_t>(frame, 65535.0f, CV_16UC3)
                                       : put_together<std::uint8_t>(frame, 255.0f, CV_8UC3);
  std::vector<std::uint8_t> bytes;
  bool done = false;
  std::string reason = "no space, or the folder is missing or not writable";
  try {
    done = cv::imencode(".png", pixels, bytes, {cv::IMWRITE_PNG_COMPRESSION, 3});
  } catch (const cv::Exception& error) {
    reason = error.err;
  }
  if (done) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    done = file != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
    if (file != nullptr) done = std::fclose(file) == 0 && done;
  }
  if (!done) throw Error(fmt::format("cannot write {}: {}", path.string(), reason));
}

}  // namespace oasis::media
