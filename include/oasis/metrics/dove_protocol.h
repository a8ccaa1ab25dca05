#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

namespace oasis::metrics {

/// Both clips `[F, 3, H, W]` cut to the frames and the size they have in common: the first frames,
/// and the top left part or, if `centred`, the middle (an odd rest stays right and below). DOVE
/// `eval_metrics.py`.
std::pair<at::Tensor, at::Tensor> crop_to_common(const at::Tensor& pred,
                                                 const at::Tensor& reference, bool centred = false);

/// To 4 decimals as Python's `round` does; infinities and NaN stay.
double round_to_4_decimals(double value);

/// The mean of a video's frames or of a set's videos, rounded to 4 decimals: the script rounds each
/// video before it takes the mean of the set. NaN if there is nothing to average.
double rounded_mean(const std::vector<double>& scores);

/// As above for a tensor `[n]`.
double rounded_mean(const at::Tensor& scores);

}  // namespace oasis::metrics
