#pragma once

#include <ATen/core/Tensor.h>

#include "oasis/metrics/score_options.h"

namespace oasis::metrics {

/// Structural similarity (Wang et al., 2004), one value per frame: `[F]` float64. pred, reference
/// `[F, 3, H, W]`, RGB, uint8 or float32 in [0, 1], on the CPU, at least 11 pixels a side after the
/// cut. Window 11x11, sigma 1.5, only where it fits; constants for a range of 255. Y is filtered
/// in float32 around the middle of the range, RGB in float64; sums are float64.
/// - pyiqa: code values are rounded to integers, and the contrast term is clamped at 0
///   (IQA-PyTorch `ssim_arch.py`; the papers use `y_yiq`);
/// - basicsr: neither (BasicSR `psnr_ssim.py`), so that a score can be negative.
/// With `rgb` each channel is scored for itself and the mean taken. Throws `oasis::Error` where the
/// shapes disagree or a frame is too small.
at::Tensor ssim(const at::Tensor& pred, const at::Tensor& reference, const ScoreOptions& options);

}  // namespace oasis::metrics
