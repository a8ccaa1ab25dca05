#include "oasis/routing/stability.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "oasis/core/error.h"

namespace oasis::routing {
namespace {

/// Two heads; in every fourth video the second one prefers a window.
HeadScores video(std::int64_t i) {
  HeadScores scores(1, 2);
  for (std::int64_t head = 0; head < 2; ++head) {
    for (const auto score : kScores) {
      const bool window = head == 1 && i % 4 == 0;
      scores.at(0, head, score, Pattern::intra) = window ? 9 : 1;
      scores.at(0, head, score, Pattern::window) = 2;
    }
  }
  return scores;
}

HeadScores steady(std::int64_t) { return video(1); }

TEST(RandomOrder, HoldsEveryNumberOnceAndDependsOnTheSeed) {
  auto order = random_order(20, 3);
  EXPECT_EQ(order, random_order(20, 3));
  EXPECT_NE(order, random_order(20, 4));
  std::sort(order.begin(), order.end());
  for (std::int64_t i = 0; i < 20; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  EXPECT_TRUE(random_order(0, 1).empty());
}

TEST(Stability, TakesFiftyVideosOrHalf) {
  EXPECT_EQ(subset_size(2055), 50);
  EXPECT_EQ(subset_size(100), 50);
  EXPECT_EQ(subset_size(99), 49);
  EXPECT_EQ(subset_size(19), 9);
}

TEST(Stability, IsPerfectWhereAllVideosAgree) {
  const HeadKinds all = assign(steady(0), Score::reverse, 0);
  const auto result = measure_stability(10, &steady, 4, 1, Score::reverse, 0, all);
  EXPECT_EQ(result.subset, 5);
  EXPECT_EQ(result.mean_agreement, 1);
  EXPECT_EQ(result.jaccard, 1);
  EXPECT_EQ(result.head_agreement, (std::vector<std::vector<double>>{{1, 1}}));
}

TEST(Stability, CountsWhatDiffers) {
  const HeadKinds all = assign(steady(0), Score::reverse, 0);
  const auto result = measure_stability(8, &video, 12, 5, Score::reverse, 0, all);
  // The first head is always intra, the second changes: pairs agree on both heads or on one.
  std::int64_t as_all = 0;
  for (const auto& map : result.maps) as_all += map == all ? 1 : 0;
  ASSERT_GT(as_all, 0);
  ASSERT_LT(as_all, 12);
  const double unlike = static_cast<double>(as_all * (12 - as_all)) / (12 * 11 / 2.0);
  EXPECT_NEAR(result.mean_agreement, 1 - unlike / 2, 1e-12);
  EXPECT_EQ(result.least_agreement, 0.5);
  EXPECT_EQ(result.jaccard_global, 1);  // no subset has any
  EXPECT_NEAR(result.jaccard_intra, 1 - unlike / 2, 1e-12);
  EXPECT_NEAR(result.jaccard_window, 1 - unlike, 1e-12);
  EXPECT_DOUBLE_EQ(result.head_agreement[0][0], 1);
  EXPECT_NEAR(result.head_agreement[0][1], static_cast<double>(as_all) / 12, 1e-12);
}

TEST(Stability, AsksForEveryVideoOnceInOrder) {
  std::vector<std::int64_t> asked;
  const HeadKinds all = assign(steady(0), Score::reverse, 0);
  measure_stability(
      6,
      [&](std::int64_t i) {
        asked.push_back(i);
        return steady(i);
      },
      3, 1, Score::reverse, 0, all);
  EXPECT_EQ(asked, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_THROW(measure_stability(1, &steady, 3, 1, Score::reverse, 0, all), Error);
}

}  // namespace
}  // namespace oasis::routing
