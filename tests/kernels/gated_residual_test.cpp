#include "kernels/gated_residual.cu"

#include <gtest/gtest.h>

#include "element_array.h"

namespace oasis::kernels {
namespace {

constexpr float kEps = 1e-6f;

struct Problem {
  std::size_t rows;
  std::size_t channels;
  ElementArray x;
  ElementArray y;
  TestArray<float> gate;
  TestArray<float> gain;
  TestArray<float> shift;

  Problem(std::size_t row_count, std::size_t channel_count, Element x_element, Element y_element)
      : rows(row_count),
        channels(channel_count),
        x(x_element, row_count * channel_count),
        y(y_element, row_count * channel_count),
        gate(normal_floats(channel_count, 3)),
        gain(normal_floats(channel_count, 4, 1.0, 0.2)),
        shift(normal_floats(channel_count, 5)) {
    x.fill_normal(1, 1.0, 2.0);
    y.fill_normal(2);
  }

  /// The new x.
  ElementArray run(bool gated, ElementArray* normed) const {
    ElementArray sum = x;
    FollowingNorm norm{gain.data(), shift.data(), kEps, Element::f32, nullptr};
    if (normed != nullptr) {
      norm.element = normed->element();
      norm.out = normed->data();
    }
    gated_residual(x.element(), sum.data(), y.element(), y.data(), gated ? gate.data() : nullptr,
                   static_cast<std::int64_t>(rows), static_cast<int>(channels),
                   normed != nullptr ? &norm : nullptr, nullptr);
    finish();
    return sum;
  }

  double expected_norm(const ElementArray& sum, std::size_t row, std::size_t c) const {
    double mean = 0.0, variance = 0.0;
    const auto n = static_cast<double>(channels);
    for (std::size_t i = 0; i < channels; ++i) mean += sum.get(row * channels + i) / n;
    for (std::size_t i = 0; i < channels; ++i) {
      variance += std::pow(sum.get(row * channels + i) - mean, 2) / n;
    }
    return (sum.get(row * channels + c) - mean) / std::sqrt(variance + kEps) * gain[c] + shift[c];
  }
};

void expect_sum(const Problem& p, const ElementArray& sum, bool gated) {
  for (std::size_t i = 0; i < sum.size(); ++i) {
    const double gate = gated ? p.gate[i % p.channels] : 1.0;
    const double expected = p.x.get(i) + gate * p.y.get(i);
    ASSERT_NEAR(sum.get(i), expected, tolerance_of(sum.element()) * std::fabs(expected) + 1e-6)
        << p.rows << " x " << p.channels << ", " << name_of(p.x.element()) << " + "
        << name_of(p.y.element());
  }
}

TEST(GatedResidual, EqualsTheDefinitionOverShapesAndTypes) {
  for (const std::size_t channels : {1, 6, 8, 40, 1536, 1001}) {
    for (const auto y : kElements) {
      for (const auto x : {Element::f32, y}) {
        for (const bool gated : {true, false}) {
          const Problem problem(3, channels, x, y);
          expect_sum(problem, problem.run(gated, nullptr), gated);
        }
      }
    }
  }
}

TEST(GatedResidual, TheFollowingNormSeesTheRoundedSum) {
  for (const std::size_t channels : {5, 24, 1536}) {
    for (const auto y : kElements) {
      for (const auto x : {Element::f32, y}) {
        const Problem problem(2, channels, x, y);
        ElementArray normed(y, 2 * channels);
        const auto sum = problem.run(true, &normed);
        expect_sum(problem, sum, true);
        for (std::size_t i = 0; i < normed.size(); ++i) {
          const double expected = problem.expected_norm(sum, i / channels, i % channels);
          ASSERT_NEAR(normed.get(i), expected, tolerance_of(y) * std::fabs(expected) + 1e-5);
        }
      }
    }
  }
}

TEST(GatedResidual, SameBitsInEveryOrder) {
  const Problem problem(4, 72, Element::f32, Element::f16);
  EXPECT_TRUE(same_in_every_order([&] {
    ElementArray normed(Element::f16, 4 * 72);
    auto sum = problem.run(true, &normed);
    return std::pair(sum, normed);
  }));
}

TEST(GatedResidual, RefusesMixedSixteenBitTypes) {
  const Problem problem(1, 8, Element::bf16, Element::f16);
  EXPECT_THROW(problem.run(true, nullptr), std::runtime_error);
}

}  // namespace
}  // namespace oasis::kernels
