#include "oasis/losses/lpips.h"

#include <gtest/gtest.h>

#include "registry.h"

namespace oasis::golden {
namespace {

// The case's pictures in [-1, 1]; differentiable in the original range.
at::Tensor to_symmetric(const at::Tensor& picture, const std::string& range) {
  if (range == "[-1,1]") return picture;
  if (range == "uint8") return 2.0 * (picture.to(at::kFloat) / 255.0) - 1.0;
  EXPECT_EQ(range, "[0,1]");
  return 2.0 * picture - 1.0;
}

void check_lpips(const Fixture& fixture) {
  const auto& config = fixture.config();
  losses::Lpips lpips(losses::lpips_net_from(config.at("net")));
  checkpoint::StateDict trunk;
  checkpoint::StateDict linear;
  for (const auto& [name, tensor] : fixture.weights()) {
    (name.rfind("lin", 0) == 0 ? linear : trunk).emplace(name, tensor);
  }
  lpips.load(trunk, linear, "golden LPIPS");
  const bool gradient = config.value("gradient", false);
  const std::string range = config.at("range");
  const at::Tensor pred = fixture.input("pred").clone();
  if (gradient) pred.requires_grad_(true);
  const at::Tensor distance =
      lpips.forward(to_symmetric(pred, range), to_symmetric(fixture.input("ref"), range));
  fixture.expect_close("distance", distance);
  if (!gradient) return;
  distance.sum().backward();
  fixture.expect_close("grad_pred", pred.grad());
}

const AreaRegistration registration("lpips", &check_lpips);

}  // namespace
}  // namespace oasis::golden
