#include "kernels/modulated_norm.cu"

#include <gtest/gtest.h>

#include "element_array.h"

namespace oasis::kernels {
namespace {

constexpr float kEps = 1e-6f;

struct Shape {
  std::size_t rows;
  std::size_t channels;
  std::size_t padding;  ///< elements between rows
};

struct Problem {
  Shape shape;
  ElementArray x;
  TestArray<float> gain;
  TestArray<float> shift;

  Problem(const Shape& s, Element element)
      : shape(s),
        x(element, s.rows * (s.channels + s.padding) - s.padding),
        gain(normal_floats(s.channels, 2, 1.0, 0.3)),
        shift(normal_floats(s.channels, 3)) {
    x.fill_normal(1, 2.0, 1.5);
    for (std::size_t r = 0; r + 1 < s.rows; ++r) {
      for (std::size_t i = 0; i < s.padding; ++i) x.set(r * stride() + s.channels + i, NAN);
    }
  }

  std::size_t stride() const { return shape.channels + shape.padding; }

  ElementArray run(Element out_element) const {
    ElementArray out(out_element, shape.rows * shape.channels);
    modulated_norm({x.element(), x.data(), static_cast<std::int64_t>(stride())},
                   static_cast<std::int64_t>(shape.rows), static_cast<int>(shape.channels),
                   gain.data(), shift.data(), kEps, out_element, out.data(), nullptr);
    finish();
    return out;
  }

  std::vector<double> reference(std::size_t row) const {
    double mean = 0.0, variance = 0.0;
    const auto n = static_cast<double>(shape.channels);
    const auto value = [&](std::size_t c) { return x.get(row * stride() + c); };
    for (std::size_t c = 0; c < shape.channels; ++c) mean += value(c) / n;
    for (std::size_t c = 0; c < shape.channels; ++c) {
      variance += (value(c) - mean) * (value(c) - mean) / n;
    }
    std::vector<double> out(shape.channels);
    for (std::size_t c = 0; c < shape.channels; ++c) {
      out[c] = (value(c) - mean) / std::sqrt(variance + kEps) * gain[c] + shift[c];
    }
    return out;
  }
};

TEST(ModulatedNorm, EqualsTheDefinitionOverShapesAndTypes) {
  for (const Shape& shape : {Shape{1, 1, 0}, Shape{3, 5, 0}, Shape{2, 8, 0}, Shape{4, 24, 8},
                             Shape{3, 37, 3}, Shape{2, 1000, 0}, Shape{3, 1536, 3072},
                             Shape{2, 1536, 1}, Shape{1, 8192, 0}, Shape{1, 8191, 0}}) {
    for (const auto in : kElements) {
      for (const auto out_element : kElements) {
        const Problem problem(shape, in);
        const auto out = problem.run(out_element);
        for (std::size_t r = 0; r < shape.rows; ++r) {
          const auto expected = problem.reference(r);
          for (std::size_t c = 0; c < shape.channels; ++c) {
            ASSERT_NEAR(out.get(r * shape.channels + c), expected[c],
                        tolerance_of(out_element) * std::fabs(expected[c]) + 1e-5)
                << shape.rows << " x " << shape.channels << ", " << name_of(in) << " to "
                << name_of(out_element);
          }
        }
      }
    }
  }
}

TEST(ModulatedNorm, LargeMeanKeepsTheVariance) {
  Problem problem({1, 1536, 0}, Element::f32);
  problem.x.fill_normal(4, 3000.0, 0.5);
  const auto out = problem.run(Element::f32);
  const auto expected = problem.reference(0);
  for (std::size_t c = 0; c < 1536; ++c) ASSERT_NEAR(out.get(c), expected[c], 4e-3);
}

TEST(ModulatedNorm, SameBitsInEveryOrder) {
  const Problem problem({5, 100, 0}, Element::bf16);
  EXPECT_TRUE(same_in_every_order([&] { return problem.run(Element::f32); }));
}

TEST(ModulatedNorm, RefusesTooManyChannels) {
  EXPECT_THROW(Problem({1, 8193, 0}, Element::f32).run(Element::f32), std::runtime_error);
}

}  // namespace
}  // namespace oasis::kernels
