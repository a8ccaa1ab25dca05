#include "oasis/infer/color_fix.h"

#include <gtest/gtest.h>

#include "registry.h"

namespace oasis::golden {
namespace {

void check_color_fix(const Fixture& fixture) {
  const auto& config = fixture.config();
  const auto content = fixture.input("content");
  const auto style = fixture.input("style");
  if (config.at("mode") == "wavelet") {
    fixture.expect_close("y", infer::wavelet_color_fix(content, style, config.value("levels", 5)));
  } else {
    ASSERT_EQ(config.at("mode"), "adain");
    fixture.expect_close("y", infer::adain_color_fix(content, style, config.value("eps", 1e-5)));
  }
}

const AreaRegistration registration("color_fix", &check_color_fix);

}  // namespace
}  // namespace oasis::golden
