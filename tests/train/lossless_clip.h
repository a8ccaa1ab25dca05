#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>

#include "oasis/media/video_writer.h"

namespace oasis::train::testing {

/// 8-bit noise, a little smoothed: `[frames, 3, height, width]` in [0, 1].
inline at::Tensor smooth_noise(std::int64_t frames, std::int64_t height, std::int64_t width,
                               int seed) {
  torch::manual_seed(static_cast<std::uint64_t>(seed));
  const at::Tensor noise = torch::rand({frames, 3, height + 4, width + 4});
  return at::avg_pool2d(noise, {5, 5}, {1, 1}).mul(255).round().div(255);
}

/// A lossless video (FFV1) of 8-bit RGB frames `[frames, 3, height, width]` in [0, 1].
inline void write_lossless_clip(const std::filesystem::path& path, const at::Tensor& frames) {
  media::VideoInfo info;
  info.layout = media::PixelLayout::rgb;
  info.color.matrix = 0;
  info.color.full_range = true;
  media::WriterOptions options;
  options.codec = "ffv1";
  options.overwrite = true;
  std::filesystem::create_directories(path.parent_path());
  const auto height = static_cast<int>(frames.size(2));
  const auto width = static_cast<int>(frames.size(3));
  const auto writer = media::VideoWriter::create(path, options, info, width, height);
  for (std::int64_t t = 0; t < frames.size(0); ++t) {
    media::Frame frame;
    frame.resize(width, height);
    const at::Tensor picture = frames[t].contiguous();
    std::copy_n(picture.data_ptr<float>(), picture.numel(), frame.rgb.data());
    frame.pts = t;
    writer->write(frame);
  }
  writer->finish();
}

}  // namespace oasis::train::testing
