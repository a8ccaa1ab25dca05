#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "oasis/core/error.h"
#include "oasis/routing/cell_statistics.h"
#include "oasis/routing/score_sums.h"

namespace oasis::routing {
namespace {

at::Tensor random(at::IntArrayRef shape, std::uint64_t seed) {
  auto generator = at::detail::createCPUGenerator(seed);
  return at::randn(shape, generator, at::kDouble);
}

/// Whether each query sees each key under a pattern: `[N, N]`.
at::Tensor sees(const TokenGrid& grid, const nn::AttentionWindow& window, Pattern pattern) {
  auto mask = at::zeros({grid.count(), grid.count()}, at::kBool);
  auto cell = mask.accessor<bool, 2>();
  const auto near = [](std::int64_t a, std::int64_t b, std::int64_t extent) {
    return std::abs(a - b) <= extent / 2;
  };
  for (std::int64_t q = 0; q < grid.count(); ++q) {
    for (std::int64_t k = 0; k < grid.count(); ++k) {
      const auto tq = q / grid.per_frame(), tk = k / grid.per_frame();
      cell[q][k] = pattern == Pattern::intra ? tq == tk
                                             : near(tq, tk, window.frames) &&
                                                   near(q / grid.cols % grid.rows,
                                                        k / grid.cols % grid.rows, window.rows) &&
                                                   near(q % grid.cols, k % grid.cols, window.cols);
    }
  }
  return mask;
}

/// The definitions with whole maps: `[B, heads, scores, patterns]`, summed over queries.
at::Tensor direct_sums(const at::Tensor& q, const at::Tensor& k, const TokenGrid& grid,
                       const ScoreOptions& options) {
  const auto scale = 1 / std::sqrt(static_cast<double>(q.size(3)));
  const auto p = at::softmax(at::matmul(q.transpose(1, 2), k.permute({0, 2, 3, 1})) * scale, -1);
  std::vector<at::Tensor> by_pattern;
  for (const auto pattern : kPatterns) {
    const auto inside = sees(grid, options.window, pattern).to(at::kDouble);
    const auto m = (p * inside).sum(-1);
    const auto off = (p * (p.log() - std::log(options.eps)) * (1 - inside)).sum(-1);
    by_pattern.push_back(at::stack({m * m.log() + off, -m.log(), 1 - m}, -1).sum(2));
  }
  return at::stack(by_pattern, -1);
}

TEST(ScoreSums, AgreeWithTheDefinitions) {
  const TokenGrid grid{3, 6, 7};
  const ScoreOptions options{{3, 3, 5}, 1e-6};
  const auto q = random({2, grid.count(), 3, 8}, 1), k = random({2, grid.count(), 3, 8}, 2);
  const auto expected = direct_sums(q, k, grid, options);
  EXPECT_LT((score_sums(q, k, grid, options) - expected).abs().max().item<double>(), 1e-9);
  const auto table = sum_cell_table(cell_table(q, k, grid, options.window), options.eps);
  EXPECT_LT((table - expected).abs().max().item<double>(), 1e-9);
}

TEST(ScoreSums, TableInSinglePrecisionIsClose) {
  const TokenGrid grid{2, 5, 6};
  const ScoreOptions options;
  const auto q = random({1, grid.count(), 2, 16}, 3), k = random({1, grid.count(), 2, 16}, 4);
  const auto cells = cell_table(q.to(at::kFloat), k.to(at::kFloat), grid, options.window);
  EXPECT_EQ(cells.scalar_type(), at::kFloat);
  EXPECT_EQ(cells.sizes(), (std::vector<std::int64_t>{1, 2, grid.count(), 4, 3}));
  const auto difference = sum_cell_table(cells, options.eps) - score_sums(q, k, grid, options);
  EXPECT_LT(difference.abs().max().item<double>() / static_cast<double>(grid.count()), 2e-5);
}

TEST(ScoreSums, DependOnNeitherThreadsNorBatch) {
  const TokenGrid grid{3, 20, 24};  // several blocks of queries
  const auto q = random({2, grid.count(), 2, 4}, 5).to(at::kFloat);
  const auto k = random({2, grid.count(), 2, 4}, 6).to(at::kFloat);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = score_sums(q, k, grid, {});
  at::set_num_threads(3);
  const auto three = score_sums(q, k, grid, {});
  const auto second = score_sums(q.narrow(0, 1, 1), k.narrow(0, 1, 1), grid, {});
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(one, three));
  EXPECT_TRUE(at::equal(one.narrow(0, 1, 1), second));
}

TEST(ScoreSums, AreExactlyZeroWhereNothingIsLeftOut) {
  const TokenGrid one_frame{1, 6, 7};
  const auto q = random({1, 42, 2, 4}, 7), k = random({1, 42, 2, 4}, 8);
  for (const auto& sums :
       {score_sums(q, k, one_frame, {}), sum_cell_table(cell_table(q, k, one_frame, {}), 1e-8)}) {
    EXPECT_EQ(sums.select(-1, 0).abs().max().item<double>(), 0.0);
    EXPECT_GT(sums.select(-1, 1).abs().min().item<double>(), 0.0);
  }
}

TEST(ScoreSums, RefuseWhatDoesNotFit) {
  const auto q = random({1, 12, 2, 4}, 9);
  EXPECT_THROW(score_sums(q, q, {1, 3, 5}, {}), Error);
  EXPECT_THROW(score_sums(q, q, {1, 3, 4}, {{3, 4, 5}, 1e-8}), Error);
  EXPECT_THROW(score_sums(q, q, {1, 3, 4}, {{3, 5, 5}, 0}), Error);
}

TEST(CellStatistics, MergeInAnyPartition) {
  const std::array<double, 5> logits = {-3, 700, 0.5, 699, -900};
  CellStatistics whole, left, right;
  include(whole, logits.data(), 5);
  include(left, logits.data(), 1);
  include(left, logits.data() + 1, 1);
  include(right, logits.data() + 2, 3);
  const auto both = merged(left, right);
  EXPECT_EQ(both.max, whole.max);
  EXPECT_NEAR(both.z, whole.z, 1e-15);
  EXPECT_NEAR(both.u, whole.u, 1e-15);
  EXPECT_TRUE(CellStatistics().empty());
  EXPECT_EQ(merged(CellStatistics(), whole).z, whole.z);
}

TEST(CellStatistics, ManyNatsAwayIsNoOverflow) {
  std::array<CellStatistics, kCells> cells;
  cells[0] = {-2000, 1, 0};
  cells[3] = {0, 1, 0};
  const auto scores = query_scores(cells, 1e-8);
  const auto reverse = static_cast<std::size_t>(Score::reverse) * kPatterns.size();
  EXPECT_DOUBLE_EQ(scores[reverse], 2000);
  EXPECT_DOUBLE_EQ(scores[reverse + 1], 2000);
  EXPECT_NEAR(scores[0], -std::log(1e-8), 1e-12);
}

}  // namespace
}  // namespace oasis::routing
