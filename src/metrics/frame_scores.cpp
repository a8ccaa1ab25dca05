#include "metrics/frame_scores.h"

#include <ATen/Functions.h>

#include <cmath>

namespace oasis::metrics {

at::Tensor frame_scores(const at::Tensor& pred, const at::Tensor& reference,
                        const ScoreOptions& options, const char* what, const FrameScore& score) {
  require_pair(pred, reference, what);
  at::Tensor scores = at::empty({pred.size(0)}, at::kDouble);
  for (std::int64_t frame = 0; frame < pred.size(0); ++frame) {
    const FramePlanes a(pred[frame], options.channels, options.crop_border);
    const FramePlanes b(reference[frame], options.channels, options.crop_border);
    scores.mutable_data_ptr<double>()[frame] = score(a, b);
  }
  return scores;
}

double decibels(double mean_squared_error, ScoreVariant variant) {
  const double floor = variant == ScoreVariant::pyiqa ? 1e-8 : 0.0;
  return -10.0 * std::log10(mean_squared_error + floor);
}

}  // namespace oasis::metrics
