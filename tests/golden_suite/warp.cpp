#include "oasis/flow/warp.h"

#include <gtest/gtest.h>

#include "registry.h"

namespace oasis::golden {
namespace {

void check_warp(const Fixture& fixture) {
  const auto& config = fixture.config();
  const auto padding =
      config.at("padding_mode") == "zeros" ? flow::WarpPadding::zeros : flow::WarpPadding::border;
  const bool gradient = config.value("gradient", false);
  const at::Tensor source = fixture.input("source").clone().requires_grad_(gradient);
  const at::Tensor field = fixture.input("flow").clone().requires_grad_(gradient);
  const at::Tensor warped = flow::warp(source, field, padding);
  fixture.expect_close("warped", warped);
  if (!gradient) return;
  (warped * fixture.input("cotangent")).sum().backward();
  fixture.expect_close("grad_source", source.grad());
  fixture.expect_close("grad_flow", field.grad());
}

const AreaRegistration registration("warp", &check_warp);

}  // namespace
}  // namespace oasis::golden
