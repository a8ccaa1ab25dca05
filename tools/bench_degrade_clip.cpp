#include "bench_degrade_clip.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/media/video_reader.h"

namespace oasis::tools {
namespace {

constexpr int waves = 16;

// Sine and cosine of every wave at each place of an axis.
struct Axis {
  std::vector<std::array<double, waves>> sine, cosine;
};

Axis axis_of(int length, double drift, bool horizontal) {
  Axis axis{std::vector<std::array<double, waves>>(static_cast<std::size_t>(length)), {}};
  axis.cosine = axis.sine;
  for (int place = 0; place < length; ++place) {
    for (int k = 1; k <= waves; ++k) {
      const double angle = 2.399963 * k;
      const double rate = 2 * std::numbers::pi * 0.004 * std::pow(1.35, k - 1);
      const double way = (place + drift) * (horizontal ? std::cos(angle) : std::sin(angle));
      const double phase = rate * way + (horizontal ? k * k : 0);
      const auto at = static_cast<std::size_t>(place), wave = static_cast<std::size_t>(k - 1);
      const double size = horizontal ? 60 * std::pow(0.8, k - 1) : 1;
      axis.sine[at][wave] = size * std::sin(phase);
      axis.cosine[at][wave] = size * std::cos(phase);
    }
  }
  return axis;
}

}  // namespace

degrade::Frames make_wave_clip(int frames, int height, int width) {
  degrade::Frames clip;
  for (int t = 0; t < frames; ++t) {
    const Axis x = axis_of(width, 1.5 * t, true), y = axis_of(height, 0.5 * t, false);
    cv::Mat_<cv::Vec3d> picture(height, width);
    for (int row = 0; row < height; ++row) {
      for (int column = 0; column < width; ++column) {
        const auto i = static_cast<std::size_t>(column), j = static_cast<std::size_t>(row);
        double sine = 0, cosine = 0;
        for (std::size_t k = 0; k < waves; ++k) {
          sine += x.sine[i][k] * y.cosine[j][k] + x.cosine[i][k] * y.sine[j][k];
          cosine += x.cosine[i][k] * y.cosine[j][k] - x.sine[i][k] * y.sine[j][k];
        }
        for (int c = 0; c < 3; ++c) {
          picture(row, column)[c] = 128 + sine * std::cos(2 * c) + cosine * std::sin(2 * c);
        }
      }
    }
    clip.push_back(degrade::quantise(picture));
  }
  return clip;
}

degrade::Frames read_clip(const std::filesystem::path& video, int frames, int height, int width) {
  const auto reader = media::VideoReader::open(video);
  degrade::Frames clip;
  media::Frame frame;
  while (static_cast<int>(clip.size()) < frames && reader->next(frame)) {
    if (frame.width < width || frame.height < height) break;
    std::vector<cv::Mat> planes;
    for (int c = 0; c < 3; ++c)
      planes.emplace_back(frame.height, frame.width, CV_32F, frame.plane(c));
    cv::Mat picture;
    cv::merge(planes, picture);
    const cv::Rect middle((frame.width - width) / 2, (frame.height - height) / 2, width, height);
    clip.push_back(degrade::quantise(255 * picture(middle)));
  }
  if (static_cast<int>(clip.size()) < frames) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: does not hold {} frames of {}x{}; choose another --input",
                            video.string(), frames, width, height));
  }
  return clip;
}

}  // namespace oasis::tools
