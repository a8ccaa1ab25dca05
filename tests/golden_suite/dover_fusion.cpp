#include "oasis/metrics/dover_fusion.h"

#include <ATen/Functions.h>

#include "registry.h"

namespace oasis::golden {
namespace {

void check_dover_fusion(const Fixture& fixture) {
  const at::Tensor raw = fixture.input("raw").to(at::kDouble).contiguous();
  at::Tensor scores = at::empty({raw.size(0), 3}, at::kDouble);
  for (std::int64_t row = 0; row < raw.size(0); ++row) {
    const auto* values = raw.const_data_ptr<double>() + 2 * row;
    const auto fused = metrics::fuse_dover(values[0], values[1]);
    scores[row][0] = fused.technical;
    scores[row][1] = fused.aesthetic;
    scores[row][2] = fused.overall;
  }
  fixture.expect_close("scores", scores);
}

const AreaRegistration registration("dover_fusion", &check_dover_fusion);

}  // namespace
}  // namespace oasis::golden
