#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "oasis/infer/upscaler.h"

namespace oasis::infer {

/// Frames of noise around grey, with irregular times.
inline std::vector<media::Frame> noise_video(int frames, int width, int height) {
  torch::manual_seed(7);
  std::vector<media::Frame> video(static_cast<size_t>(frames));
  for (int i = 0; i < frames; ++i) {
    media::Frame& frame = video[static_cast<size_t>(i)];
    frame.resize(width, height);
    const auto values = torch::rand({3, height, width}).mul(0.5).add(0.25);
    std::copy_n(values.data_ptr<float>(), values.numel(), frame.rgb.data());
    frame.pts = 10 * i + i % 3;
  }
  return video;
}

inline FrameSource source_of(const std::vector<media::Frame>& video) {
  return [&video, next = size_t{0}](media::Frame& frame) mutable {
    if (next == video.size()) return false;
    frame = video[next++];
    return true;
  };
}

inline std::vector<media::Frame> upscale_video(model::ClipModel& model,
                                               const std::vector<media::Frame>& video,
                                               const UpscaleSettings& settings,
                                               UpscaleReport* report = nullptr) {
  std::vector<media::Frame> result;
  const auto made = upscale_frames(
      model, source_of(video), [&](const media::Frame& frame) { result.push_back(frame); },
      settings);
  if (report != nullptr) *report = made;
  return result;
}

/// Small tiles that overlap by 8 pixels.
inline UpscaleSettings settings_of(std::int64_t chunk, std::int64_t overlap, Size tile) {
  UpscaleSettings settings;
  settings.chunk = chunk;
  settings.overlap = overlap;
  settings.tiles.tile = tile;
  settings.tiles.overlap = 8;
  return settings;
}

}  // namespace oasis::infer
