#include "oasis/nn/routed_attention.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <string>

#include "oasis/core/error.h"
#include "oasis/nn/reference_attention.h"

namespace oasis::nn {
namespace {

constexpr auto global = HeadKind::global;
constexpr auto intra = HeadKind::intra;
constexpr auto window_kind = HeadKind::window;

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
  const auto b = reference_attention(theirs[0], theirs[1], theirs[2], grid, kinds, window).out;
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
                      Case{{2, 10, 3}, {1, 1, 1}, {HeadKind::window}},
                      Case{{1, 4, 5}, {}, {intra, HeadKind::window, global, HeadKind::window}},
                      Case{{2, 1, 19}, {5, 3, 9}, {HeadKind::window, global, HeadKind::window}}));

TEST(RoutedAttentionOrder, PermutedHeadsGivePermutedResults) {
  torch::manual_seed(6);
  const TokenGrid grid{3, 4, 5};
  const std::vector<HeadKind> kinds = {global, window_kind, intra, window_kind, global, intra};
  const std::vector<std::int64_t> order = {3, 0, 5, 1, 4, 2};
  std::vector<HeadKind> permuted_kinds;
  for (const auto head : order) permuted_kinds.push_back(kinds[static_cast<std::size_t>(head)]);
  const auto index = torch::tensor(order, at::kLong);
  const auto q = torch::randn({2, 60, 6, 8}), k = torch::randn_like(q), v = torch::randn_like(q);
  const auto permuted = [&](const at::Tensor& x) { return x.index_select(2, index); };
  const auto a = permuted(routed_attention(q, k, v, grid, kinds, {}));
  const auto b = routed_attention(permuted(q), permuted(k), permuted(v), grid, permuted_kinds, {});
  EXPECT_TRUE(torch::allclose(a, b, 1e-5, 1e-6));
  EXPECT_FALSE(torch::allclose(a, routed_attention(q, k, v, grid, kinds, {}), 1e-2, 1e-2));
}

TEST(RoutedAttentionOrder, LocalWindowsThatCoverTheirSetsEqualTheOtherKinds) {
  torch::manual_seed(7);
  const TokenGrid grid{3, 4, 5};
  const auto q = torch::randn({1, 60, 1, 8}), k = torch::randn_like(q), v = torch::randn_like(q);
  const auto attend = [&](HeadKind kind, const AttentionWindow& window) {
    return routed_attention(q, k, v, grid, {kind}, window);
  };
  EXPECT_TRUE(torch::allclose(attend(window_kind, {5, 7, 9}), attend(global, {}), 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(attend(window_kind, {1, 7, 9}), attend(intra, {}), 1e-5, 1e-6));
}

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
  EXPECT_THROW(routed_attention(x, x.to(at::kDouble), x, grid, {global, intra}, {}), Error);
}

TEST(RoutedAttentionInputs, EvenWindowsAreRefusedWithTheReason) {
  try {
    check_window({3, 4, 5});
    FAIL() << "an even window was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("P + 1"), std::string::npos) << error.what();
  }
  EXPECT_THROW(check_window({-1, 3, 3}), Error);
  EXPECT_NO_THROW(check_window({7, 1, 11}));
}

TEST(HeadKindNames, RoundTrip) {
  for (const auto kind : {global, intra, HeadKind::window}) {
    EXPECT_EQ(head_kind_from(to_string(kind)), kind);
  }
  EXPECT_THROW(head_kind_from("local"), Error);
}

}  // namespace
}  // namespace oasis::nn
