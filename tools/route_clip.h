#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>

namespace oasis::tools {

/// The part of a video that is looked at: frames from its middle, the centre of the picture.
struct ClipSettings {
  std::int64_t frames = 17;       ///< 4n+1
  std::int64_t crop_width = 640;  ///< largest size of the HQ picture in pixels; turned for portrait
  std::int64_t crop_height = 320;
  bool lq = false;  ///< the video is LQ already; the crop is then a quarter
};

struct RouteClip {
  at::Tensor lq;                 ///< `[1, 3, frames, h, w]` in [-1, 1], h and w multiples of 4
  std::int64_t first_frame = 0;  ///< of the video
};

/// Reads a clip; unless it is LQ already, every frame is made smaller by 4 with antialiased bicubic
/// interpolation (a = -0.5). Memory depends on the crop only (and one frame). Throws `oasis::Error`
/// (unreadable_input) for what cannot be read, is damaged, HDR, too short or too small.
RouteClip read_clip(const std::filesystem::path& path, const ClipSettings& settings, int threads);

}  // namespace oasis::tools
