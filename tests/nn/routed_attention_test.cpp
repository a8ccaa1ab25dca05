#include "oasis/nn/routed_attention.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "oasis/core/error.h"

namespace oasis::nn {
namespace {

constexpr auto global = HeadKind::global;
constexpr auto intra = HeadKind::intra;

/// The keys that each query sees: [N, N], by the definition.
at::Tensor visible(HeadKind kind, const TokenGrid& grid, const AttentionWindow& window) {
  const auto n = grid.count();
  auto mask = torch::zeros({n, n}, at::kBool);
  auto seen = mask.accessor<bool, 2>();
  const auto near = [](std::int64_t a, std::int64_t b, std::int64_t extent) {
    return std::abs(a - b) <= extent / 2;
  };
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      const auto ti = i / grid.per_frame(), tj = j / grid.per_frame();
      const auto hi = i / grid.cols % grid.rows, hj = j / grid.cols % grid.rows;
      const auto in_window = near(ti, tj, window.frames) && near(hi, hj, window.rows) &&
                             near(i % grid.cols, j % grid.cols, window.cols);
      seen[i][j] =
          kind == global || (kind == intra && ti == tj) || (kind == HeadKind::window && in_window);
    }
  }
  return mask;
}

/// The definition: a dense masked softmax, head by head.
at::Tensor dense(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                 const TokenGrid& grid, const std::vector<HeadKind>& kinds,
                 const AttentionWindow& window) {
  std::vector<at::Tensor> heads;
  for (std::size_t h = 0; h < kinds.size(); ++h) {
    const auto i = static_cast<std::int64_t>(h);
    auto scores = torch::matmul(q.select(2, i), k.select(2, i).transpose(1, 2)) /
                  std::sqrt(static_cast<double>(q.size(3)));
    scores = scores.masked_fill(visible(kinds[h], grid, window).logical_not(),
                                -std::numeric_limits<double>::infinity());
    heads.push_back(torch::matmul(torch::softmax(scores, -1), v.select(2, i)));
  }
  return torch::stack(heads, 2);
}

struct Case {
  TokenGrid grid;
  AttentionWindow window;
  std::vector<HeadKind> kinds;
};

class RoutedAttention : public ::testing::TestWithParam<Case> {};

TEST_P(RoutedAttention, EqualsTheDenseMaskedSoftmaxWithItsGradients) {
  torch::manual_seed(4);
  const auto& [grid, window, kinds] = GetParam();
  const auto heads = static_cast<std::int64_t>(kinds.size());
  std::vector<at::Tensor> ours, theirs;
  for (int i = 0; i < 3; ++i) {
    ours.push_back(torch::randn({2, grid.count(), heads, 8}, at::kDouble).requires_grad_());
    theirs.push_back(ours.back().detach().clone().requires_grad_());
  }
  const auto a = routed_attention(ours[0], ours[1], ours[2], grid, kinds, window);
  const auto b = dense(theirs[0], theirs[1], theirs[2], grid, kinds, window);
  EXPECT_TRUE(torch::allclose(a, b, 1e-10, 1e-12));
  const auto weight = torch::randn_like(a);
  (a * weight).sum().backward();
  (b * weight).sum().backward();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(torch::allclose(ours[i].grad(), theirs[i].grad(), 1e-9, 1e-11)) << "input " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Grids, RoutedAttention,
    ::testing::Values(Case{{2, 3, 4}, {}, {global, global}},
                      Case{{3, 3, 4}, {}, {intra, global, intra, intra}},
                      Case{{3, 9, 11}, {}, {HeadKind::window, HeadKind::window}},
                      Case{{4, 8, 17}, {1, 3, 7}, {HeadKind::window, global, intra}},
                      Case{{2, 3, 4}, {9, 9, 9}, {HeadKind::window}},
                      Case{{1, 1, 1}, {}, {HeadKind::window, intra, global}},
                      Case{{2, 10, 3}, {1, 1, 1}, {HeadKind::window}}));

TEST(RoutedAttentionInputs, HalfPrecisionStaysClose) {
  torch::manual_seed(5);
  const TokenGrid grid{2, 9, 10};
  const std::vector<HeadKind> kinds = {global, intra, HeadKind::window};
  const auto q = torch::randn({1, 180, 3, 16}), k = torch::randn_like(q), v = torch::randn_like(q);
  const auto exact = routed_attention(q, k, v, grid, kinds, {});
  const auto half = routed_attention(q.to(at::kBFloat16), k.to(at::kBFloat16), v.to(at::kBFloat16),
                                     grid, kinds, {});
  EXPECT_EQ(half.scalar_type(), at::kBFloat16);
  EXPECT_LT((half.to(at::kFloat) - exact).abs().max().item<float>(), 0.05F);
}

TEST(RoutedAttentionInputs, RefusesWhatDoesNotFit) {
  const auto x = torch::zeros({1, 6, 2, 4});
  const TokenGrid grid{1, 2, 3};
  EXPECT_NO_THROW(routed_attention(x, x, x, grid, {global, intra}, {}));
  EXPECT_THROW(routed_attention(x, x, x, grid, {global}, {}), Error);
  EXPECT_THROW(routed_attention(x, x, x, {2, 2, 3}, {global, intra}, {}), Error);
  EXPECT_THROW(routed_attention(x, x, x, grid, {global, HeadKind::window}, {3, 4, 5}), Error);
  EXPECT_THROW(routed_attention(x, x.narrow(1, 0, 3), x, grid, {global, intra}, {}), Error);
}

TEST(HeadKindNames, RoundTrip) {
  for (const auto kind : {global, intra, HeadKind::window}) {
    EXPECT_EQ(head_kind_from(to_string(kind)), kind);
  }
  EXPECT_THROW(head_kind_from("local"), Error);
}

}  // namespace
}  // namespace oasis::nn
