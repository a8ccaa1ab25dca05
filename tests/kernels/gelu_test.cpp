#include "kernels/gelu.cu"

#include <gtest/gtest.h>

#include "element_array.h"

namespace oasis::kernels {
namespace {

double reference(double x) {
  return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x)));
}

ElementArray run(ElementArray in) {
  ElementArray out(in.element(), in.size());
  gelu_tanh(in.element(), in.data(), out.data(), static_cast<std::int64_t>(in.size()), nullptr);
  finish();
  return out;
}

TEST(Gelu, EqualsTheTanhFormForEveryCount) {
  for (const auto element : kElements) {
    for (const std::size_t count : {1, 7, 8, 9, 255, 2048, 2049, 4999}) {
      for (const std::size_t offset : {0, 1}) {
        ElementArray in(element, count, offset);
        in.fill_normal(3, 0.0, 3.0);
        const auto out = run(in);
        for (std::size_t i = 0; i < count; ++i) {
          const double expected = reference(in.get(i));
          ASSERT_NEAR(out.get(i), expected, tolerance_of(element) * std::fabs(expected) + 1e-7)
              << name_of(element) << ", " << count << " elements, " << in.get(i);
        }
      }
    }
  }
}

TEST(Gelu, FarFromZero) {
  ElementArray in(Element::f32, 4);
  const double points[] = {-100.0, -12.0, 30.0, 1e4};
  for (std::size_t i = 0; i < 4; ++i) in.set(i, points[i]);
  const auto out = run(in);
  EXPECT_EQ(out.get(0), 0.0);
  EXPECT_NEAR(out.get(1), 0.0, 1e-20);
  EXPECT_EQ(out.get(2), 30.0);
  EXPECT_EQ(out.get(3), 1e4);
}

TEST(Gelu, InPlaceAndInEveryOrder) {
  ElementArray in(Element::bf16, 5000);
  in.fill_normal(5);
  EXPECT_TRUE(same_in_every_order([&] { return run(in); }));
  const auto expected = run(in);
  gelu_tanh(Element::bf16, in.data(), in.data(), 5000, nullptr);
  finish();
  EXPECT_EQ(in, expected);
}

TEST(Gelu, NothingToDo) { gelu_tanh(Element::f32, nullptr, nullptr, 0, nullptr); }

}  // namespace
}  // namespace oasis::kernels
