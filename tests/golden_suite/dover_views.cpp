#include "oasis/metrics/dover_views.h"

#include "registry.h"

namespace oasis::golden {
namespace {

void check_resize(const Fixture& fixture) {
  const auto& config = fixture.config();
  fixture.expect_close("video", metrics::dover_resize(fixture.input("video"), config.at("size_h"),
                                                      config.at("size_w"), config.at("antialias")));
}

void check_fragments(const Fixture& fixture) {
  const auto& config = fixture.config();
  const metrics::DoverFragments grid = {config.at("fragments_h"), config.at("fragments_w"),
                                        config.at("fsize_h"), config.at("fsize_w"),
                                        config.at("aligned")};
  const at::Tensor fragments = metrics::dover_fragments(
      fixture.input("video"), grid, {fixture.input("offset_h"), fixture.input("offset_w")});
  fixture.expect_close("fragments", fragments);
  if (fixture.has("output.normalised")) {
    fixture.expect_close("normalised", metrics::dover_normalise(fragments));
  }
}

const AreaRegistration resize_registration("dover_resize", &check_resize);
const AreaRegistration fragments_registration("dover_fragments", &check_fragments);

}  // namespace
}  // namespace oasis::golden
