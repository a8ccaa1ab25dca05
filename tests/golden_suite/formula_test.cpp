#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "formula.h"

// The check values that the fixtures' contract states for the string "x".

namespace oasis::golden {
namespace {

TEST(Formula, FloatsAgreeWithTheContract) {
  const auto tensors = expand_formula(
      {{"prefix", ""}, {"tensors", {{"x", {{4}, 1.0, 0.0}}, {"y", {{2, 2}, 2.0, 1.0, "x"}}}}});
  const std::array<float, 4> expected = {-0.31498778F, 0.37992656F, -0.25596577F, 0.49156722F};
  const at::Tensor x = tensors.at("x");
  const at::Tensor y = tensors.at("y");
  ASSERT_EQ(x.sizes(), at::IntArrayRef({4}));
  ASSERT_EQ(y.sizes(), at::IntArrayRef({2, 2}));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(x.const_data_ptr<float>()[i], expected[i], 1e-8);
    EXPECT_NEAR(y.const_data_ptr<float>()[i], 2 * expected[i] + 1, 1e-6);
  }
}

TEST(Formula, BytesAgreeWithTheContractAndThePrefixCounts) {
  const auto tensors =
      expand_formula({{"prefix", "x"}, {"tensors", {{"", {{4}, "byte"}}, {"z", {{4}, "byte"}}}}});
  const std::array<std::uint8_t, 4> expected = {47, 225, 62, 253};
  const auto* bytes = tensors.at("").const_data_ptr<std::uint8_t>();
  const auto* others = tensors.at("z").const_data_ptr<std::uint8_t>();
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), bytes));
  EXPECT_FALSE(std::equal(expected.begin(), expected.end(), others));
}

}  // namespace
}  // namespace oasis::golden
