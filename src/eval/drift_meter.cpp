#include "eval/drift_meter.h"

#include <ATen/Functions.h>

#include <cmath>

#include "oasis/eval/protocol.h"

namespace oasis::eval {
namespace {

using Colour = std::array<double, 3>;

// The mean of each channel in code values.
Colour mean_colour(const at::Tensor& frame) {
  const bool bytes = frame.scalar_type() == at::kByte;
  const at::Tensor planes = frame.reshape({3, -1});
  const at::Tensor sums = planes.sum({1}, false, bytes ? at::kLong : at::kDouble).to(at::kDouble);
  const double scale = (bytes ? 1.0 : 255.0) / static_cast<double>(planes.size(1));
  Colour colour;
  for (std::size_t c = 0; c < 3; ++c) {
    colour[c] = scale * sums[static_cast<std::int64_t>(c)].item<double>();
  }
  return colour;
}

double length(const Colour& colour) {
  return std::sqrt(colour[0] * colour[0] + colour[1] * colour[1] + colour[2] * colour[2]);
}

Colour minus(const Colour& a, const Colour& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }

// The change from the first to the last frame of the least-squares line.
Colour line_change(const std::vector<Colour>& means) {
  const double last = static_cast<double>(means.size()) - 1;
  Colour covariance{};
  double variance = 0;
  for (std::size_t t = 0; t < means.size(); ++t) {
    const double time = static_cast<double>(t) - last / 2;
    for (std::size_t c = 0; c < 3; ++c) covariance[c] += time * means[t][c];
    variance += time * time;
  }
  if (variance == 0) return {};
  for (double& value : covariance) value *= last / variance;
  return covariance;
}

}  // namespace

void DriftMeter::add(const FramePair& pair) {
  const Colour output = mean_colour(pair.output);
  means_.push_back(pair.reference.defined() ? minus(output, mean_colour(pair.reference)) : output);
}

void DriftMeter::finish(ClipResult& result) {
  std::vector<double> curve;
  for (const auto& mean : means_) curve.push_back(length(minus(mean, means_.front())));
  result.scores["colour_drift"] = round_score(length(line_change(means_)), decimals_);
  result.per_frame["colour_drift"] = std::move(curve);
}

}  // namespace oasis::eval
