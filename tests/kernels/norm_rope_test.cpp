#include "kernels/norm_rope.cu"

#include <gtest/gtest.h>

#include <array>
#include <complex>

#include "element_array.h"

namespace oasis::kernels {
namespace {

constexpr float kEps = 1e-6f;

struct Grid {
  std::size_t batch, frames, rows, cols;
  std::size_t tokens() const { return frames * rows * cols; }
};

/// (cos, sin) of Wan2.1's rotary embedding, `[tokens, head_dim / 2, 2]`.
TestArray<float> wan_rotations(const Grid& grid, std::size_t head_dim) {
  const std::size_t spatial = head_dim / 2 / 3;
  const std::array<std::size_t, 3> pairs{head_dim / 2 - 2 * spatial, spatial, spatial};
  TestArray<float> table;
  for (std::size_t n = 0; n < grid.tokens(); ++n) {
    const std::size_t place[] = {n / (grid.rows * grid.cols), n / grid.cols % grid.rows,
                                 n % grid.cols};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      for (std::size_t j = 0; j < pairs[axis]; ++j) {
        const double angle =
            static_cast<double>(place[axis]) *
            std::pow(10000.0, -static_cast<double>(j) / static_cast<double>(pairs[axis]));
        table.push_back(static_cast<float>(std::cos(angle)));
        table.push_back(static_cast<float>(std::sin(angle)));
      }
    }
  }
  return table;
}

/// q and k inside a packed q-k-v `[batch, tokens, 3, channels]`.
struct Problem {
  Grid grid;
  std::size_t heads, head_dim;
  ElementArray qkv;
  std::array<TestArray<float>, 2> weights;
  TestArray<float> rotations;

  Problem(const Grid& g, std::size_t head_count, std::size_t dim, Element element)
      : grid(g),
        heads(head_count),
        head_dim(dim),
        qkv(element, g.batch * g.tokens() * 3 * head_count * dim),
        weights{normal_floats(head_count * dim, 2, 1.0, 0.4),
                normal_floats(head_count * dim, 3, 1.0, 0.4)},
        rotations(wan_rotations(g, dim)) {
    qkv.fill_normal(1, 0.2, 2.0);
  }

  std::size_t channels() const { return heads * head_dim; }
  std::size_t rows() const { return grid.batch * grid.tokens(); }
  NormRopeShape shape() const {
    return {static_cast<std::int64_t>(rows()), static_cast<std::int64_t>(grid.tokens()),
            static_cast<int>(channels()), static_cast<int>(head_dim), kEps};
  }

  /// In place: v must stay as it is.
  ElementArray run(bool turned = true) const {
    ElementArray out = qkv;
    const auto stride = static_cast<std::int64_t>(3 * channels());
    NormRopeTensor tensors[2];
    for (std::size_t i = 0; i < 2; ++i) {
      void* first = out.at(i * channels());
      tensors[i] = {first, stride, first, stride, weights[i].data()};
    }
    norm_rope(qkv.element(), tensors, 2, shape(), turned ? rotations.data() : nullptr, nullptr);
    finish();
    return out;
  }

  /// 1 / rms of every q, k and v row, by row and part.
  std::vector<double> inverse_rms() const {
    std::vector<double> squares(rows() * 3, 0.0);
    for (std::size_t i = 0; i < qkv.size(); ++i) squares[i / channels()] += std::pow(qkv.get(i), 2);
    for (auto& sum : squares) {
      sum = 1.0 / std::sqrt(sum / static_cast<double>(channels()) + kEps);
    }
    return squares;
  }

  double expected(std::size_t i, const std::vector<double>& inverse, bool turned) const {
    const std::size_t row = i / (3 * channels()), part = i / channels() % 3, c = i % channels();
    if (part == 2) return qkv.get(i);
    const auto scaled = [&](std::size_t j) {
      return qkv.get(i - c + j) * inverse[i / channels()] * weights[part][j];
    };
    if (!turned) return scaled(c);
    const std::size_t even = c / 2 * 2, pair = c % head_dim / 2;
    const float* turn = &rotations[(row % grid.tokens() * head_dim / 2 + pair) * 2];
    const auto z = std::complex<double>(scaled(even), scaled(even + 1)) *
                   std::complex<double>(turn[0], turn[1]);
    return c == even ? z.real() : z.imag();
  }
};

TEST(NormRope, EqualsTheDefinitionOverGridsHeadsAndTypes) {
  for (const auto& [grid, heads, head_dim] :
       {std::tuple(Grid{1, 1, 1, 1}, 1, 2), std::tuple(Grid{2, 2, 1, 3}, 3, 6),
        std::tuple(Grid{1, 1, 2, 2}, 2, 12), std::tuple(Grid{2, 3, 2, 1}, 2, 16),
        std::tuple(Grid{1, 2, 1, 2}, 12, 128), std::tuple(Grid{2, 1, 1, 5}, 5, 8)}) {
    for (const auto element : kElements) {
      for (const bool turned : {true, false}) {
        const Problem problem(grid, static_cast<std::size_t>(heads),
                              static_cast<std::size_t>(head_dim), element);
        const auto out = problem.run(turned);
        const auto inverse = problem.inverse_rms();
        for (std::size_t i = 0; i < out.size(); ++i) {
          const double expected = problem.expected(i, inverse, turned);
          ASSERT_NEAR(out.get(i), expected, tolerance_of(element) * std::fabs(expected) + 2e-6)
              << name_of(element) << ", " << heads << " heads of " << head_dim << ", element " << i;
        }
      }
    }
  }
}

TEST(NormRope, OneTensorToAnotherPlace) {
  const Problem problem({1, 2, 2, 2}, 2, 8, Element::bf16);
  const auto in_place = problem.run();
  ElementArray out(Element::bf16, problem.rows() * 16);
  const NormRopeTensor tensor{problem.qkv.data(), 48, out.data(), 16, problem.weights[0].data()};
  norm_rope(Element::bf16, &tensor, 1, problem.shape(), problem.rotations.data(), nullptr);
  finish();
  for (std::size_t i = 0; i < out.size(); ++i) {
    ASSERT_EQ(out.get(i), in_place.get(i / 16 * 48 + i % 16));
  }
}

TEST(NormRope, SameBitsInEveryOrder) {
  const Problem problem({2, 1, 2, 3}, 4, 24, Element::f16);
  EXPECT_TRUE(same_in_every_order([&] { return problem.run(); }));
}

TEST(NormRope, RefusesShapesItCannotTake) {
  NormRopeTensor tensors[2] = {};
  const auto run = [&](int count, int channels, int head_dim) {
    norm_rope(Element::f32, tensors, count, {1, 1, channels, head_dim, kEps}, nullptr, nullptr);
  };
  EXPECT_THROW(run(3, 8, 4), std::runtime_error);
  EXPECT_THROW(run(1, 9, 3), std::runtime_error);
  EXPECT_THROW(run(1, 10, 4), std::runtime_error);
  EXPECT_THROW(run(1, 8194, 2), std::runtime_error);
}

}  // namespace
}  // namespace oasis::kernels
