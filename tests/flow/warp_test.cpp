#include "oasis/flow/warp.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/core/error.h"

namespace oasis::flow {
namespace {

at::Tensor constant_flow(double dx, double dy, std::int64_t rows, std::int64_t cols) {
  return at::stack({at::full({rows, cols}, dx), at::full({rows, cols}, dy)}).unsqueeze(0);
}

TEST(Warp, ZeroFlowIsTheIdentity) {
  const at::Tensor picture = at::rand({2, 3, 7, 9});
  const at::Tensor warped = warp(picture, at::zeros({2, 2, 7, 9}), WarpPadding::zeros);
  EXPECT_LT((warped - picture).abs().max().item<double>(), 1e-5);
}

TEST(Warp, ShiftTakesTheNeighbourAndPadsTheEdge) {
  const at::Tensor row = at::tensor({0.1, 0.2, 0.3, 0.4}).view({1, 1, 1, 4}).expand({1, 1, 2, 4});
  const at::Tensor flow = constant_flow(1, 0, 2, 4);
  const at::Tensor border = warp(row, flow, WarpPadding::border)[0][0][0];
  const at::Tensor zeros = warp(row, flow, WarpPadding::zeros)[0][0][0];
  EXPECT_TRUE(at::allclose(border, at::tensor({0.2, 0.3, 0.4, 0.4}), 0, 1e-6));
  EXPECT_TRUE(at::allclose(zeros, at::tensor({0.2, 0.3, 0.4, 0.0}), 0, 1e-6));
}

TEST(Warp, BicubicBetweenPixels) {
  at::Tensor impulse = at::zeros({1, 1, 9, 9});
  impulse[0][0][4][4] = 1;
  const at::Tensor flow = constant_flow(0.5, 0, 9, 9);
  const auto at_impulse = [&](WarpFilter filter) {
    return warp(impulse, flow, WarpPadding::border, filter)[0][0][4][4].item<double>();
  };
  EXPECT_NEAR(at_impulse(WarpFilter::bilinear), 0.5, 1e-5);
  EXPECT_NEAR(at_impulse(WarpFilter::bicubic), 0.59375, 1e-5);  // 1.25/8 - 2.25/4 + 1
}

TEST(Warp, VerticalIsTheSecondChannel) {
  const at::Tensor column = at::arange(5, at::kFloat).view({1, 1, 5, 1}).expand({1, 1, 5, 3});
  const at::Tensor warped = warp(column, constant_flow(0, 2, 5, 3), WarpPadding::border);
  EXPECT_TRUE(at::allclose(warped[0][0].select(1, 1), at::tensor({2.F, 3.F, 4.F, 4.F, 4.F})));
}

TEST(Warp, RefusesAFlowOfAnotherSize) {
  EXPECT_THROW(warp(at::zeros({1, 3, 4, 4}), at::zeros({1, 2, 4, 5}), WarpPadding::border), Error);
}

TEST(Warp, GradientsAgreeWithDifferences) {
  const at::Tensor source = at::rand({1, 2, 4, 5}, at::kDouble).requires_grad_(true);
  // Fractions away from 0, where bilinear sampling has kinks.
  const at::Tensor flow = (at::rand({1, 2, 4, 5}, at::kDouble) * 0.4 + 0.3).requires_grad_(true);
  const at::Tensor cotangent = at::rand({1, 2, 4, 5}, at::kDouble);
  const auto value = [&](const at::Tensor& s, const at::Tensor& f) {
    return (warp(s, f, WarpPadding::border) * cotangent).sum();
  };
  value(source, flow).backward();
  const torch::NoGradGuard no_grad;
  constexpr double step = 1e-6;
  for (const std::int64_t i : {0, 7, 19, 33}) {
    for (const bool of_source : {true, false}) {
      const at::Tensor& variable = of_source ? source : flow;
      at::Tensor up = variable.clone();
      at::Tensor down = variable.clone();
      up.view({-1})[i] += step;
      down.view({-1})[i] -= step;
      const at::Tensor difference =
          of_source ? value(up, flow) - value(down, flow) : value(source, up) - value(source, down);
      EXPECT_NEAR(variable.grad().view({-1})[i].item<double>(),
                  difference.item<double>() / (2 * step), 1e-6);
    }
  }
}

}  // namespace
}  // namespace oasis::flow
