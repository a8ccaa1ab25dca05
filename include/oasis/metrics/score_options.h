#pragma once

#include <cstdint>
#include <string>

namespace oasis::metrics {

/// Whose definition of PSNR and SSIM is computed; they differ in rounding, clamping and in what
/// equal pictures score.
enum class ScoreVariant {
  pyiqa,    ///< IQA-PyTorch, as the VSR papers' scripts call it
  basicsr,  ///< BasicSR `metrics/psnr_ssim.py`
};

/// What of a picture is scored; R, G, B and the result in [0, 1].
enum class ScoreChannels {
  rgb,      ///< all three
  y_yiq,    ///< 0.299 R + 0.587 G + 0.114 B
  y_bt601,  ///< (65.481 R + 128.553 G + 24.966 B + 16) / 255, limited range
  dove_y,   ///< 0.257 R + 0.504 G + 0.098 B + 0.0625, `test_y_channel` of DOVE's script
};

/// "pyiqa" or "basicsr"; anything else throws `oasis::Error`.
ScoreVariant score_variant_from(const std::string& name);

/// "rgb", "y_yiq" (or "y"), "y_bt601" or "dove_y"; anything else throws `oasis::Error`.
ScoreChannels score_channels_from(const std::string& name);

/// How PSNR or SSIM is taken.
struct ScoreOptions {
  ScoreVariant variant = ScoreVariant::pyiqa;
  ScoreChannels channels = ScoreChannels::rgb;
  std::int64_t crop_border = 0;  ///< pixels cut from each side before anything else
};

}  // namespace oasis::metrics
