#include "kernels/routing_cells.cu"
#include "kernels/routing_cells_mma.cu"

#include <gtest/gtest.h>

#include <array>

#include "element_array.h"

namespace oasis::kernels {
namespace {

struct Setting {
  int batch, heads, head_dim, frames, rows, cols;
  std::array<int, 3> window;
  double deviation;  ///< of q and k
};

/// q and k are parts of one packed `[batch, tokens, 2, heads + 1, head_dim]` whose last head is
/// NaN.
class Problem {
 public:
  Problem(const Setting& setting, Element element)
      : setting_(setting), packed_(element, size(setting)) {
    packed_.fill_normal(1, 0.0, setting.deviation);
    for (std::size_t i = 0; i < packed_.size(); ++i) {
      if (i / dim() % (heads() + 1) == heads()) packed_.set(i, NAN);
    }
    for (std::size_t i = 0; i < packed_.size(); ++i) values_.push_back(packed_.get(i));
    const auto token = static_cast<std::int64_t>(2 * (heads() + 1) * dim());
    const auto operand = [&](std::size_t part) {
      return RoutingOperand{packed_.at(part * (heads() + 1) * dim()),
                            token * static_cast<std::int64_t>(tokens()), token, setting.head_dim};
    };
    problem_ = {element,
                operand(0),
                operand(1),
                setting.batch,
                setting.heads,
                setting.head_dim,
                setting.frames,
                setting.rows,
                setting.cols,
                setting.window[0],
                setting.window[1],
                setting.window[2],
                static_cast<float>(1.0 / std::sqrt(setting.head_dim))};
  }

  using Kernel = void (*)(const RoutingCellsProblem&, float*, Stream);
  TestArray<float> run(Kernel kernel) const {
    TestArray<float> cells(static_cast<std::size_t>(setting_.batch) * heads() * tokens() * 12, NAN);
    kernel(problem_, cells.data(), nullptr);
    finish();
    return cells;
  }

  std::size_t tokens() const {
    return static_cast<std::size_t>(setting_.frames * setting_.rows * setting_.cols);
  }
  std::size_t heads() const { return static_cast<std::size_t>(setting_.heads); }

  /// The 12 statistics of one query, directly.
  std::array<double, 12> expected(std::size_t batch, std::size_t head, std::size_t query) const {
    std::array<std::vector<double>, 4> logits;
    for (std::size_t key = 0; key < tokens(); ++key) {
      double sum = 0.0;
      for (std::size_t c = 0; c < dim(); ++c) {
        sum += value(batch, query, 0, head, c) * value(batch, key, 1, head, c);
      }
      logits[cell(query, key)].push_back(sum * problem_.scale);
    }
    std::array<double, 12> statistics{};
    for (std::size_t i = 0; i < 4; ++i) {
      double* own = &statistics[3 * i];
      own[0] = -INFINITY;
      for (const double s : logits[i]) own[0] = std::fmax(own[0], s);
      for (const double s : logits[i]) own[1] += std::exp(s - own[0]);
      for (const double s : logits[i]) own[2] += std::exp(s - own[0]) * (s - own[0]);
    }
    return statistics;
  }

 private:
  static std::size_t size(const Setting& s) {
    return static_cast<std::size_t>(s.batch * s.frames * s.rows * s.cols * 2 * (s.heads + 1) *
                                    s.head_dim);
  }
  std::size_t dim() const { return static_cast<std::size_t>(setting_.head_dim); }

  double value(std::size_t batch, std::size_t token, std::size_t part, std::size_t head,
               std::size_t c) const {
    const std::size_t row = (batch * tokens() + token) * 2 + part;
    return values_[(row * (heads() + 1) + head) * dim() + c];
  }

  std::size_t cell(std::size_t query, std::size_t key) const {
    const int q = static_cast<int>(query), k = static_cast<int>(key);
    const int w = setting_.cols, hw = setting_.rows * setting_.cols;
    const bool same_frame = q / hw == k / hw;
    const bool in_window =
        std::abs(q / hw - k / hw) <= setting_.window[0] / 2 &&
        std::abs(q / w % setting_.rows - k / w % setting_.rows) <= setting_.window[1] / 2 &&
        std::abs(q % w - k % w) <= setting_.window[2] / 2;
    return same_frame ? (in_window ? 0 : 1) : (in_window ? 2 : 3);
  }

  Setting setting_;
  ElementArray packed_;
  std::vector<double> values_;  ///< of packed_
  RoutingCellsProblem problem_{};
};

/// Statistics are compared as what they stand for: log of the sum, mean logit.
void expect_cells(const Problem& problem, const TestArray<float>& cells, int batches) {
  const std::size_t tokens = problem.tokens();
  for (std::size_t row = 0; row < static_cast<std::size_t>(batches) * problem.heads() * tokens;
       ++row) {
    const auto expected = problem.expected(row / tokens / problem.heads(),
                                           row / tokens % problem.heads(), row % tokens);
    for (std::size_t cell = 0; cell < 4; ++cell) {
      const float* own = &cells[row * 12 + cell * 3];
      const double* want = &expected[cell * 3];
      if (want[1] == 0.0) {
        ASSERT_EQ(own[0], -INFINITY) << "query " << row << ", cell " << cell;
        ASSERT_EQ(own[1], 0.0f);
        ASSERT_EQ(own[2], 0.0f);
        continue;
      }
      const double slack = 1e-5 * (1.0 + std::fabs(want[0]));
      ASSERT_NEAR(own[0], want[0], slack) << "query " << row << ", cell " << cell;
      ASSERT_NEAR(own[0] + std::log(own[1]), want[0] + std::log(want[1]), slack);
      ASSERT_NEAR(own[0] + own[2] / own[1], want[0] + want[2] / want[1], 3 * slack);
    }
  }
}

constexpr std::array<int, 3> kWindow{3, 5, 5};

TEST(RoutingCells, TensorCoresEqualTheDefinition) {
  for (const Setting& setting :
       {Setting{1, 1, 128, 1, 1, 1, kWindow, 1.0}, Setting{1, 1, 64, 1, 1, 40, kWindow, 2.0},
        Setting{1, 2, 64, 1, 9, 15, kWindow, 1.0}, Setting{2, 1, 64, 3, 7, 9, kWindow, 2.0},
        Setting{1, 1, 128, 5, 4, 8, kWindow, 1.5}, Setting{1, 1, 64, 4, 13, 3, {5, 1, 3}, 1.0},
        Setting{1, 1, 64, 3, 16, 8, {1, 3, 7}, 1.0}}) {
    for (const auto element : {Element::bf16, Element::f16}) {
      const Problem problem(setting, element);
      expect_cells(problem, problem.run(routing_cells), setting.batch);
    }
  }
}

TEST(RoutingCells, PlainKernelEqualsTheDefinition) {
  for (const Setting& setting :
       {Setting{1, 1, 128, 1, 1, 1, kWindow, 1.0}, Setting{2, 3, 12, 2, 3, 5, kWindow, 1.0},
        Setting{1, 1, 7, 3, 4, 6, kWindow, 3.0}, Setting{1, 1, 256, 1, 1, 9, {1, 1, 1}, 1.0}}) {
    for (const auto element : kElements) {
      const Problem problem(setting, element);
      expect_cells(problem, problem.run(routing_cells), setting.batch);
    }
  }
}

TEST(RoutingCells, BothKernelsAgree) {
  const Problem problem({1, 1, 64, 2, 10, 11, kWindow, 2.0}, Element::bf16);
  expect_cells(problem, problem.run(routing_cells_plain), 1);
  expect_cells(problem, problem.run(routing_cells_mma), 1);
}

TEST(RoutingCells, FarApartLogitsKeepEveryCell) {
  // One maximum for all cells would lose those that lie 88 below it.
  const Problem problem({1, 1, 64, 3, 6, 6, kWindow, 9.0}, Element::bf16);
  expect_cells(problem, problem.run(routing_cells), 1);
}

TEST(RoutingCells, SameBitsInEveryOrder) {
  const Problem problem({1, 2, 64, 3, 5, 11, kWindow, 1.0}, Element::f16);
  EXPECT_TRUE(same_in_every_order([&] { return problem.run(routing_cells); }));
  EXPECT_TRUE(same_in_every_order([&] { return problem.run(routing_cells_plain); }));
}

TEST(RoutingCells, RefusesEvenWindowsAndLargeHeads) {
  RoutingCellsProblem problem{};
  problem.head_dim = 64;
  problem.window_frames = problem.window_rows = 3;
  problem.window_cols = 4;
  EXPECT_THROW(routing_cells(problem, nullptr, nullptr), std::runtime_error);
  problem.window_cols = 5;
  problem.head_dim = 257;
  EXPECT_THROW(routing_cells(problem, nullptr, nullptr), std::runtime_error);
}

}  // namespace
}  // namespace oasis::kernels
