#include "oasis/metrics/dover_convnext.h"

#include "registry.h"

namespace oasis::golden {
namespace {

void check_dover_convnext(const Fixture& fixture) {
  const auto& config = fixture.config();
  metrics::DoverConvNextConfig shape;
  shape.depths = config.at("depths").get<std::vector<std::int64_t>>();
  shape.dims = config.at("dims").get<std::vector<std::int64_t>>();
  shape.inflate = config.at("inflate_strategy");
  shape.head_hidden = config.at("head_hidden");
  metrics::DoverConvNext branch(shape);
  branch.load(fixture.weights(), "golden DOVER");
  const auto result = branch.forward(fixture.input("video"));
  if (fixture.has("output.feature")) fixture.expect_close("feature", result.feature);
  fixture.expect_close("map", result.map);
  fixture.expect_close("score", result.score);
}

const AreaRegistration registration("dover_convnext", &check_dover_convnext);

}  // namespace
}  // namespace oasis::golden
