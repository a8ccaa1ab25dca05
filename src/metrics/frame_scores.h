#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "metrics/frame_planes.h"
#include "oasis/metrics/score_options.h"

namespace oasis::metrics {

/// Of one frame and its reference, both of one size.
using FrameScore = std::function<double(const FramePlanes& pred, const FramePlanes& reference)>;

/// The score of each frame's planes, `[F]` float64. pred, reference `[F, 3, H, W]`; `what` is the
/// metric's name in the `oasis::Error` where they do not fit together or the border leaves nothing.
at::Tensor frame_scores(const at::Tensor& pred, const at::Tensor& reference,
                        const ScoreOptions& options, const char* what, const FrameScore& score);

/// A mean squared error, in units of full scale, in dB: infinite where there is none, or 80 dB by
/// pyiqa's floor of 1e-8.
double decibels(double mean_squared_error, ScoreVariant variant);

}  // namespace oasis::metrics
