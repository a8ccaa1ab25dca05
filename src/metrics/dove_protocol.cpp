#include "oasis/metrics/dove_protocol.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "oasis/core/error.h"

namespace oasis::metrics {

std::pair<at::Tensor, at::Tensor> crop_to_common(const at::Tensor& pred,
                                                 const at::Tensor& reference, bool centred) {
  if (pred.dim() != 4 || reference.dim() != 4) {
    throw Error(fmt::format("clips to be paired must be [F, 3, H, W], not [{}] and [{}]",
                            fmt::join(pred.sizes(), ", "), fmt::join(reference.sizes(), ", ")));
  }
  const auto cut = [&](const at::Tensor& clip) {
    at::Tensor part = clip.narrow(0, 0, std::min(pred.size(0), reference.size(0)));
    for (const std::int64_t axis : {2, 3}) {
      const std::int64_t length = std::min(pred.size(axis), reference.size(axis));
      part = part.narrow(axis, centred ? (clip.size(axis) - length) / 2 : 0, length);
    }
    return part;
  };
  return {cut(pred), cut(reference)};
}

double round_to_4_decimals(double value) {
  if (!std::isfinite(value)) return value;
  return std::stod(fmt::format("{:.4f}", value));
}

double rounded_mean(const std::vector<double>& scores) {
  if (scores.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double sum = std::accumulate(scores.begin(), scores.end(), 0.0);
  return round_to_4_decimals(sum / static_cast<double>(scores.size()));
}

double rounded_mean(const at::Tensor& scores) {
  const at::Tensor values = scores.to(at::kCPU, at::kDouble).contiguous();
  const double* const data = values.const_data_ptr<double>();
  return rounded_mean(std::vector<double>(data, data + values.numel()));
}

}  // namespace oasis::metrics
