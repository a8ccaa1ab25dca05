#include "oasis/metrics/luma_pulse.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include "oasis/core/error.h"

namespace oasis::metrics {
namespace {

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// `values` minus their least-squares line over the index.
std::vector<double> detrend(const std::vector<double>& values) {
  const double middle = (static_cast<double>(values.size()) - 1) / 2;
  const double mean = mean_of(values);
  double covariance = 0;
  double variance = 0;
  for (std::size_t t = 0; t < values.size(); ++t) {
    const double time = static_cast<double>(t) - middle;
    covariance += time * (values[t] - mean);
    variance += time * time;
  }
  const double slope = variance > 0 ? covariance / variance : 0.0;
  std::vector<double> rest(values.size());
  for (std::size_t t = 0; t < values.size(); ++t) {
    rest[t] = values[t] - mean - slope * (static_cast<double>(t) - middle);
  }
  return rest;
}

double amplitude_at(const std::vector<double>& rest, double period) {
  std::complex<double> sum = 0;
  for (std::size_t t = 0; t < rest.size(); ++t) {
    sum += rest[t] * std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(t) / period);
  }
  return (period == 2 ? 1.0 : 2.0) * std::abs(sum) / static_cast<double>(rest.size());
}

}  // namespace

at::Tensor luma_of(const at::Tensor& frame) {
  const at::Tensor rgb = frame.to(at::kDouble);
  return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
}

void StaticRegion::add(const at::Tensor& frame) {
  const at::Tensor luma = luma_of(frame);
  if (frames_++ == 0) {
    mean_ = luma;
    squares_ = at::zeros_like(luma);
    return;
  }
  const at::Tensor step = luma - mean_;
  mean_ += step / static_cast<double>(frames_);
  squares_ += step * (luma - mean_);
}

at::Tensor StaticRegion::mask(double threshold) const {
  if (frames_ == 0) throw Error("luma pulse: no frame to find static pixels in");
  return (squares_ / static_cast<double>(frames_)).sqrt() <= threshold;
}

double mean_luma(const at::Tensor& frame, const at::Tensor& mask) {
  return luma_of(frame).masked_select(mask).mean().item<double>();
}

LumaPulse analyse_pulse(std::vector<double> mean_luma, double static_fraction,
                        const std::vector<double>& periods) {
  LumaPulse pulse;
  pulse.static_fraction = static_fraction;
  const std::vector<double> rest = detrend(mean_luma);
  double squares = 0;
  for (const double value : rest) squares += value * value;
  pulse.pulse_std = std::sqrt(squares / static_cast<double>(rest.size()));
  for (const double period : periods) {
    if (!(period >= 2)) {
      throw Error(ExitCode::usage,
                  fmt::format("a luma pulse cannot have a period of {} frames; 2 or more", period));
    }
    pulse.amplitude.push_back(amplitude_at(rest, period));
  }
  pulse.mean_luma = std::move(mean_luma);
  return pulse;
}

LumaPulse luma_pulse(const at::Tensor& video, const at::Tensor& reference,
                     const LumaPulseOptions& options) {
  if (video.dim() != 4 || video.size(1) != 3 || video.size(0) < 1 ||
      video.sizes() != reference.sizes()) {
    throw Error(
        fmt::format("luma pulse: a video [{}] and a reference [{}]; both must be "
                    "[T, 3, H, W] of one size",
                    fmt::join(video.sizes(), ", "), fmt::join(reference.sizes(), ", ")));
  }
  StaticRegion region;
  for (std::int64_t t = 0; t < reference.size(0); ++t) region.add(reference[t]);
  const at::Tensor mask = region.mask(options.static_threshold);
  std::vector<double> curve;
  for (std::int64_t t = 0; t < video.size(0); ++t) curve.push_back(mean_luma(video[t], mask));
  return analyse_pulse(std::move(curve), mask.to(at::kDouble).mean().item<double>(),
                       options.periods);
}

}  // namespace oasis::metrics
