#include "oasis/nn/rope.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "oasis/core/error.h"

namespace oasis::nn {
namespace {

at::Tensor rotated(const at::Tensor& x, const TokenGrid& grid) {
  const torch::NoGradGuard no_grad;
  return apply_rope(x.clone(), rope_rotations(grid, x.size(3), x.scalar_type(), at::kCPU));
}

TEST(Rope, KeepsTheLengthAndLeavesTheFirstTokenAlone) {
  torch::manual_seed(1);
  const TokenGrid grid{3, 4, 5};
  const auto x = torch::randn({1, grid.count(), 2, 16}, at::kDouble);
  const auto y = rotated(x, grid);
  EXPECT_TRUE(torch::equal(y[0][0], x[0][0]));
  EXPECT_FALSE(torch::allclose(y[0][1], x[0][1]));
  EXPECT_TRUE(torch::allclose(y.norm(2, -1), x.norm(2, -1)));
}

TEST(Rope, TurnsNeighbouringChannelsByTheAnglesOfTheirAxis) {
  // 128 channels: pairs 0..21 follow frames, 22..42 rows, 43..63 columns.
  const TokenGrid grid{2, 3, 4};
  const auto x = torch::zeros({1, grid.count(), 1, 128}, at::kDouble);
  x.slice(3, 0, 128, 2).fill_(1.0);
  const auto y = rotated(x, grid)[0][(1 * 3 + 2) * 4 + 3][0];  // frame 1, row 2, column 3
  const auto angle = [&](int pair) {
    return std::atan2(y[2 * pair + 1].item<double>(), y[2 * pair].item<double>());
  };
  EXPECT_NEAR(angle(0), 1.0, 1e-12);
  EXPECT_NEAR(angle(1), 0.657933225, 1e-9);
  EXPECT_NEAR(angle(3), 0.284803587, 1e-9);
  EXPECT_NEAR(angle(22), 2.0, 1e-12);
  EXPECT_NEAR(angle(23), 2 * 0.644946677, 1e-8);
  EXPECT_NEAR(angle(43), 3.0, 1e-12);
  EXPECT_NEAR(angle(45), 3 * 0.415956216, 1e-8);
}

TEST(Rope, ProductsDependOnDifferencesOfPositions) {
  torch::manual_seed(2);
  const TokenGrid grid{3, 4, 4};
  const auto q = torch::randn({1, 1, 1, 24}, at::kDouble).expand({1, grid.count(), 1, 24});
  const auto k = torch::randn({1, 1, 1, 24}, at::kDouble).expand({1, grid.count(), 1, 24});
  const auto rq = rotated(q, grid)[0].squeeze(1), rk = rotated(k, grid)[0].squeeze(1);
  const auto token = [&](int t, int h, int w) { return (t * 4 + h) * 4 + w; };
  const auto product = [&](int a, int b) { return rq[a].dot(rk[b]).item<double>(); };
  EXPECT_NEAR(product(token(0, 0, 0), token(1, 2, 1)), product(token(1, 1, 2), token(2, 3, 3)),
              1e-12);
  EXPECT_GT(
      std::abs(product(token(0, 0, 0), token(1, 2, 1)) - product(token(0, 0, 0), token(1, 1, 2))),
      1e-3);
}

TEST(Rope, InPlaceAndRecordedAgree) {
  torch::manual_seed(3);
  const TokenGrid grid{2, 2, 2};
  auto x = torch::randn({2, 8, 3, 6}).requires_grad_();
  const auto rotations = rope_rotations(grid, 6, at::kFloat, at::kCPU);
  const auto recorded = apply_rope(x, rotations);
  EXPECT_TRUE(torch::allclose(recorded, rotated(x.detach(), grid)));
  // A rotation passes gradients on with their length.
  const auto weight = torch::randn_like(x);
  (recorded * weight).sum().backward();
  EXPECT_TRUE(torch::allclose(x.grad().norm(2, -1), weight.norm(2, -1), 1e-5));
}

TEST(Rope, RefusesOddHeads) {
  EXPECT_THROW(rope_rotations({1, 1, 1}, 7, at::kFloat, at::kCPU), Error);
}

TEST(Rope, CacheTellsGridsAndDtypesApart) {
  RopeCache cache(8);
  const auto first = cache.get({2, 3, 4}, at::kFloat, at::kCPU);
  EXPECT_TRUE(first.is_same(cache.get({2, 3, 4}, at::kFloat, at::kCPU)));
  EXPECT_EQ(cache.get({2, 3, 4}, at::kDouble, at::kCPU).scalar_type(), at::kComplexDouble);
  EXPECT_FALSE(torch::equal(first, cache.get({4, 3, 2}, at::kFloat, at::kCPU)));
}

}  // namespace
}  // namespace oasis::nn
