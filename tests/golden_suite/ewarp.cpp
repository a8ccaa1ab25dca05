#include "oasis/metrics/ewarp.h"

#include "registry.h"

namespace oasis::golden {
namespace {

void check_ewarp(const Fixture& fixture) {
  const auto mode = metrics::ewarp_mode_from(fixture.config().at("mode"));
  const auto result = metrics::ewarp(fixture.input("frames"), fixture.input("flow_fw"),
                                     fixture.input("flow_bw"), mode);
  fixture.expect_close("per_pair", result.per_pair);
  fixture.expect_close("occluded", result.occluded);
  fixture.expect_close("ewarp", at::scalar_tensor(result.mean(), at::kDouble));
  fixture.expect_close("ewarp_star", at::scalar_tensor(1000 * result.mean(), at::kDouble));
}

const AreaRegistration registration("ewarp", &check_ewarp);

}  // namespace
}  // namespace oasis::golden
