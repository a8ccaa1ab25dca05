#include "oasis/nn/reference_attention.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <cstdlib>

#include "oasis/nn/attention_pairs.h"

// The reference itself, against loops over the definition.

namespace oasis::nn {
namespace {

bool sees(HeadKind kind, const TokenGrid& grid, const AttentionWindow& window, std::int64_t i,
          std::int64_t j) {
  const auto near = [](std::int64_t a, std::int64_t b, std::int64_t extent) {
    return 2 * std::abs(a - b) < extent;  // an odd extent
  };
  const auto frame = [&](std::int64_t n) { return n / (grid.rows * grid.cols); };
  const auto row = [&](std::int64_t n) { return n / grid.cols % grid.rows; };
  const auto col = [&](std::int64_t n) { return n % grid.cols; };
  if (kind == HeadKind::global) return true;
  if (kind == HeadKind::intra) return frame(i) == frame(j);
  return near(frame(i), frame(j), window.frames) && near(row(i), row(j), window.rows) &&
         near(col(i), col(j), window.cols);
}

struct Case {
  TokenGrid grid;
  AttentionWindow window;
};

class ReferenceAttentionCases : public ::testing::TestWithParam<Case> {};

TEST_P(ReferenceAttentionCases, EqualsTheLoopsOfTheDefinition) {
  torch::manual_seed(1);
  const auto& [grid, window] = GetParam();
  const std::vector<HeadKind> kinds = {HeadKind::window, HeadKind::global, HeadKind::intra};
  const auto n = grid.count(), dim = std::int64_t{4};
  const auto q = torch::randn({1, n, 3, dim}, at::kDouble), k = torch::randn_like(q),
             v = torch::randn_like(q);
  const auto result = reference_attention(q, k, v, grid, kinds, window);
  for (std::int64_t head = 0; head < 3; ++head) {
    const auto kind = kinds[static_cast<std::size_t>(head)];
    double pairs = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      double sum = 0;
      auto out = torch::zeros({dim}, at::kDouble);
      for (std::int64_t j = 0; j < n; ++j) {
        if (!sees(kind, grid, window, i, j)) continue;
        const auto weight = std::exp((q[0][i][head] * k[0][j][head]).sum().item<double>() / 2);
        ++pairs;
        sum += weight;
        out += weight * v[0][j][head];
      }
      EXPECT_TRUE(torch::allclose(result.out[0][i][head], out / sum, 1e-12, 1e-12));
      EXPECT_NEAR(result.lse[0][head][i].item<double>(), std::log(sum), 1e-12);
    }
    EXPECT_EQ(attention_pairs(kind, grid, window), pairs);
  }
}

INSTANTIATE_TEST_SUITE_P(Grids, ReferenceAttentionCases,
                         ::testing::Values(Case{{1, 1, 1}, {3, 5, 5}}, Case{{1, 3, 5}, {3, 5, 5}},
                                           Case{{3, 2, 4}, {1, 1, 1}}, Case{{3, 4, 3}, {3, 3, 1}},
                                           Case{{2, 3, 4}, {9, 9, 9}}));

TEST(VisibleKeys, AreSymmetricAndCutAtTheBorder) {
  const TokenGrid grid{3, 7, 9};
  const auto seen = visible_keys(HeadKind::window, grid, {3, 5, 5});
  EXPECT_TRUE(seen.equal(seen.transpose(0, 1)));
  EXPECT_EQ(seen[0].sum().item<std::int64_t>(), 2 * 3 * 3);  // a corner keeps its corner only
  const auto middle = (1 * 7 + 3) * 9 + 4;
  EXPECT_EQ(seen[middle].sum().item<std::int64_t>(), 3 * 5 * 5);
}

// attention-kernels.md 1.1: TFLOP of 30 layers of 12 heads of 128.
TEST(AttentionPairs, GiveThePublishedFlopTable) {
  struct Row {
    TokenGrid grid;
    double window_keys, global, intra, window;
  };
  const Row table[] = {{{5, 20, 40}, 59.3, 2.95, 0.59, 0.044},
                       {{9, 45, 80}, 66.6, 193.5, 21.5, 0.40},
                       {{27, 45, 80}, 70.1, 1741.4, 64.5, 1.26}};
  for (const auto& row : table) {
    const auto pairs = [&](HeadKind kind) { return attention_pairs(kind, row.grid, {}); };
    const auto tflop = [&](HeadKind kind) { return pairs(kind) * 4 * 128 * 360 / 1e12; };
    EXPECT_NEAR(pairs(HeadKind::window) / static_cast<double>(row.grid.count()), row.window_keys,
                0.05);
    EXPECT_NEAR(tflop(HeadKind::global), row.global, 0.05);
    EXPECT_NEAR(tflop(HeadKind::intra), row.intra, 0.05);
    EXPECT_NEAR(tflop(HeadKind::window), row.window, 0.005);
  }
}

}  // namespace
}  // namespace oasis::nn
