#include "oasis/metrics/luma_pulse.h"

#include <ATen/Functions.h>

#include "registry.h"

namespace oasis::golden {
namespace {

void check_luma_pulse(const Fixture& fixture) {
  metrics::LumaPulseOptions options;
  options.periods = fixture.config().at("periods").get<std::vector<double>>();
  options.static_threshold = fixture.config().at("static_threshold");
  const auto pulse = metrics::luma_pulse(fixture.input("video"), fixture.input("ref"), options);
  fixture.expect_close("mean_luma", at::tensor(pulse.mean_luma, at::kDouble));
  fixture.expect_close("pulse_std", at::scalar_tensor(pulse.pulse_std, at::kDouble));
  fixture.expect_close("amplitude", at::tensor(pulse.amplitude, at::kDouble));
  fixture.expect_close("static_fraction", at::scalar_tensor(pulse.static_fraction, at::kDouble));
}

const AreaRegistration registration("luma_pulse", &check_luma_pulse);

}  // namespace
}  // namespace oasis::golden
