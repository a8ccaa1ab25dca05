#include "oasis/metrics/dover_sampler.h"

#include <ATen/Functions.h>

#include "registry.h"

namespace oasis::golden {
namespace {

void check_dover_sampler(const Fixture& fixture) {
  const auto& config = fixture.config();
  const metrics::DoverSampler sampler = {config.at("fsize_t"), config.at("fragments_t"),
                                         config.at("frame_interval"), config.at("num_clips")};
  const at::Tensor offsets = fixture.input("offsets").contiguous();
  const auto* data = offsets.const_data_ptr<std::int64_t>();
  fixture.expect_close("indices", at::tensor(sampler.indices(config.at("num_frames"),
                                                             {data, data + offsets.numel()}),
                                             at::kLong));
}

const AreaRegistration registration("dover_sampler", &check_dover_sampler);

}  // namespace
}  // namespace oasis::golden
