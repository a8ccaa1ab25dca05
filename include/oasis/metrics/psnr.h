#pragma once

#include <ATen/core/Tensor.h>

#include "oasis/metrics/score_options.h"

namespace oasis::metrics {

/// Peak signal-to-noise ratio in dB, one per frame: `[F]` float64. pred, reference `[F, 3, H, W]`,
/// RGB, uint8 or float32 in [0, 1], on the CPU. With the mean squared error m over the scored
/// channels in [0, 1]:
/// - pyiqa: 10 log10(1 / (m + 1e-8)), so that equal frames have 80 dB (IQA-PyTorch `psnr_arch.py`);
/// - basicsr: 10 log10(1 / m), infinite for equal frames (BasicSR `psnr_ssim.py`).
/// Throws `oasis::Error` where the shapes disagree or the border leaves nothing.
at::Tensor psnr(const at::Tensor& pred, const at::Tensor& reference,
                const ScoreOptions& options = {});

}  // namespace oasis::metrics
