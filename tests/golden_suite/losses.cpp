#include <gtest/gtest.h>

#include "oasis/losses/picture_loss.h"
#include "oasis/losses/warp_loss.h"
#include "registry.h"

namespace oasis::golden {
namespace {

losses::WarpLossOptions warp_options(const nlohmann::json& config) {
  losses::WarpLossOptions options;
  if (config.at("padding_mode") == "zeros") options.padding = flow::WarpPadding::zeros;
  if (config.at("occlusion") == "fb") options.occlusion = losses::OcclusionMask::forward_backward;
  if (config.at("reduction") == "mean_pairs") {
    options.reduction = losses::PairReduction::mean_pairs;
  }
  return options;
}

void check_losses(const Fixture& fixture) {
  const auto& config = fixture.config();
  const at::Tensor pred = fixture.input("pred").to(at::kDouble).requires_grad_(true);
  const at::Tensor latent = fixture.input("latent_pred").to(at::kDouble).requires_grad_(true);
  const auto flow = [&](const char* name) {
    return fixture.has(std::string("input.") + name) ? fixture.input(name).to(at::kDouble)
                                                     : at::Tensor();
  };
  const at::Tensor latent_term =
      losses::mean_squared_error(latent, fixture.input("latent").to(at::kDouble));
  const at::Tensor pixel = losses::mean_squared_error(pred, fixture.input("gt").to(at::kDouble));
  const at::Tensor warp =
      losses::warp_loss(pred, flow("flow_fw"), flow("flow_bw"), warp_options(config));
  const at::Tensor total = latent_term + pixel + fixture.input("lpips").to(at::kDouble).squeeze() +
                           config.at("lambda_warp").get<double>() * warp;
  fixture.expect_close("latent", latent_term.view({1}));
  fixture.expect_close("pixel", pixel.view({1}));
  fixture.expect_close("warp", warp.view({1}));
  fixture.expect_close("total", total.view({1}));
  total.backward();
  fixture.expect_close("grad_pred", pred.grad());
  fixture.expect_close("grad_latent", latent.grad());
}

const AreaRegistration registration("losses", &check_losses);

}  // namespace
}  // namespace oasis::golden
