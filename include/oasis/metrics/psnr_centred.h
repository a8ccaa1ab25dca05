#pragma once

#include <ATen/core/Tensor.h>

#include "oasis/metrics/score_options.h"

namespace oasis::metrics {

/// PSNR as `psnr` has it, after the mean difference between the two frames was taken off, plane by
/// plane: a frame that is the reference but brighter or darker counts as equal to it. One number
/// per frame, `[F]` float64, in dB. Values are not clamped after the shift.
at::Tensor psnr_centred(const at::Tensor& pred, const at::Tensor& reference,
                        const ScoreOptions& options = {});

}  // namespace oasis::metrics
