#pragma once

#include <filesystem>

#include "oasis/degrade/frames.h"

namespace oasis::tools {

/// A clip of sixteen drifting waves (`degradations.md` section 9), CV_8UC3.
degrade::Frames make_wave_clip(int frames, int height, int width);

/// The first frames of a video, cut out of the middle. Throws `oasis::Error` if it is too short or
/// too small.
degrade::Frames read_clip(const std::filesystem::path& video, int frames, int height, int width);

}  // namespace oasis::tools
