#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "oasis/degrade/pipeline.h"

namespace oasis::tools {

/// The part of a video that is looked at: frames from its middle, the centre of the picture.
struct ClipSettings {
  std::int64_t frames = 17;       ///< 4n+1
  std::int64_t crop_width = 640;  ///< largest size of the HQ picture in pixels; turned for portrait
  std::int64_t crop_height = 320;
  bool lq = false;  ///< the video is LQ already; the crop is then a quarter
  /// What makes LQ of HQ; none: antialiased bicubic / 4.
  std::shared_ptr<const degrade::Pipeline> pipeline;
  std::uint64_t seed = 0;   ///< of the pipeline's draws
  std::uint32_t stage = 1;  ///< the same
};

struct RouteClip {
  at::Tensor lq;                 ///< `[1, 3, frames, h, w]` in [-1, 1], h and w multiples of 4
  std::int64_t first_frame = 0;  ///< of the video
};

/// Reads a clip; unless it is LQ already, it is degraded by the pipeline, or every frame is made
/// smaller by 4 with antialiased bicubic interpolation (a = -0.5). The draws of a pipeline depend
/// on seed, stage and `name` alone. Memory depends on the crop only (and one frame). Throws
/// `oasis::Error` (unreadable_input) for what cannot be read, is damaged, HDR, too short or too
/// small.
RouteClip read_clip(const std::filesystem::path& path, const std::string& name,
                    const ClipSettings& settings, int threads);

}  // namespace oasis::tools
