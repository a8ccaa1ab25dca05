#include "eval/pulse_meter.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "oasis/eval/metric_catalogue.h"

namespace oasis::eval {
namespace {

constexpr std::int64_t kMemory = std::int64_t{192} << 20;  // of a clip's luma before it is filed

at::Tensor code_values(const at::Tensor& frame) {
  return frame.scalar_type() == at::kByte ? frame : frame * 255.0;
}

// The amplitude at 0, 1, 2, ... periods in the whole curve, without its straight line.
std::vector<double> spectrum_of(const std::vector<double>& curve) {
  std::vector<double> periods;
  const auto frames = static_cast<double>(curve.size());
  for (std::size_t k = 1; 2 * k <= curve.size(); ++k) {
    periods.push_back(frames / static_cast<double>(k));
  }
  std::vector<double> spectrum = {0.0};
  const auto pulse = metrics::analyse_pulse(curve, 1.0, periods);
  spectrum.insert(spectrum.end(), pulse.amplitude.begin(), pulse.amplitude.end());
  return spectrum;
}

// The straight line's slope stays in it: what is drawn is what one sees.
std::vector<double> about_mean(std::vector<double> curve) {
  const double mean =
      std::accumulate(curve.begin(), curve.end(), 0.0) / static_cast<double>(curve.size());
  for (double& value : curve) value -= mean;
  return curve;
}

}  // namespace

PulseMeter::PulseMeter(const Protocol& protocol) : protocol_(protocol), output_(kMemory) {}

void PulseMeter::add(const FramePair& pair) {
  const at::Tensor output = code_values(pair.output);
  output_.add(metrics::luma_of(output));
  if (!pair.reference.defined()) {
    region_.add(output);
    return;
  }
  const at::Tensor reference = code_values(pair.reference);
  region_.add(reference);
  if (!reference_) reference_ = std::make_unique<LumaSpool>(kMemory);
  reference_->add(metrics::luma_of(reference));
}

void PulseMeter::finish(ClipResult& result) {
  at::Tensor mask = region_.mask(protocol_.pulse.static_threshold);
  const double still = mask.to(at::kDouble).mean().item<double>();
  if (still == 0) mask = at::ones_like(mask);
  const std::vector<double> curve = output_.means(mask);
  result.luma_spectrum = spectrum_of(curve);
  if (reference_) result.luma_spectrum_reference = spectrum_of(reference_->means(mask));
  if (still == 0) {
    result.notes.push_back("no luma pulse: no pixel stands still");
    return;
  }
  const auto pulse = metrics::analyse_pulse(curve, still, protocol_.pulse.periods);
  result.scores["luma_pulse"] = round_score(pulse.pulse_std, protocol_.decimals);
  result.scores["luma_static"] = round_score(still, protocol_.decimals);
  for (std::size_t i = 0; i < pulse.amplitude.size(); ++i) {
    result.scores[pulse_key(protocol_.pulse.periods[i])] =
        round_score(pulse.amplitude[i], protocol_.decimals);
  }
  result.per_frame["luma_pulse"] = about_mean(curve);
}

}  // namespace oasis::eval
