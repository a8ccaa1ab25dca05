#include "oasis/degrade/random_source.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace oasis::degrade {
namespace {

// From the authors' Random123 distribution, file kat_vectors.
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomSource, DependsOnEveryPartOfThePlace) {
  std::set<double> drawn;
  for (std::uint64_t seed : {0ULL, 1ULL, 1ULL << 40}) {
    for (std::uint32_t stage : {1U, 2U}) {
      for (std::uint64_t uid : {0ULL, 7ULL, 7ULL << 32}) {
        const RandomSource source({seed, stage, uid});
        drawn.insert(source.uniform({0, 0, 0, Purpose::parameters}));
        drawn.insert(source.uniform({1, 0, 0, Purpose::parameters}));
        drawn.insert(source.uniform({0, 1, 0, Purpose::parameters}));
        drawn.insert(source.uniform({0, 0, 1, Purpose::parameters}));
        drawn.insert(source.uniform({0, 0, 0, Purpose::crop}));
      }
    }
  }
  EXPECT_EQ(drawn.size(), 3U * 2U * 3U * 5U);
  EXPECT_EQ(RandomSource({3, 1, 5}).uniform({2, 3, 4, Purpose::noise}),
            RandomSource({3, 1, 5}).uniform({2, 3, 4, Purpose::noise}));
}

TEST(RandomSource, DrawsWholeNumbersWithBothEnds) {
  const RandomSource source({1, 1, 1});
  std::array<int, 4> counts{};
  constexpr int draws = 4000;
  for (std::uint32_t i = 0; i < draws; ++i) {
    const auto value = source.integer({i, 0, 0, Purpose::parameters}, -1, 2);
    ASSERT_GE(value, -1);
    ASSERT_LE(value, 2);
    ++counts[static_cast<std::size_t>(value + 1)];
  }
  for (const int count : counts) EXPECT_NEAR(count, draws / 4, 5 * std::sqrt(draws * 0.25 * 0.75));
}

}  // namespace
}  // namespace oasis::degrade
