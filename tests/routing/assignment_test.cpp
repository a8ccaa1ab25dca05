#include "oasis/routing/assignment.h"

#include <gtest/gtest.h>

#include <cmath>

#include "oasis/core/error.h"

namespace oasis::routing {
namespace {

using nn::HeadKind;

/// Scores of one layer, the same by all three measures.
HeadScores one_layer(const std::vector<std::pair<double, double>>& intra_window) {
  HeadScores scores(1, static_cast<std::int64_t>(intra_window.size()));
  for (std::size_t head = 0; head < intra_window.size(); ++head) {
    for (const auto score : kScores) {
      const auto h = static_cast<std::int64_t>(head);
      scores.at(0, h, score, Pattern::intra) = intra_window[head].first;
      scores.at(0, h, score, Pattern::window) = intra_window[head].second;
    }
  }
  return scores;
}

TEST(Assignment, CountsGlobalHeadsWithoutRoundingErrors) {
  EXPECT_EQ(global_heads(0.4, 360), 144);
  EXPECT_EQ(global_heads(0.55, 360), 198);
  EXPECT_EQ(global_heads(0.56, 25), 14);
  EXPECT_EQ(global_heads(0.41, 10), 5);
  EXPECT_EQ(global_heads(0, 7), 0);
  EXPECT_EQ(global_heads(1, 7), 7);
  EXPECT_THROW(global_heads(1.1, 7), Error);
  EXPECT_THROW(global_heads(std::nan(""), 7), Error);
}

TEST(Assignment, TakesTheSmallerScoreAndKeepsTheLargestGlobal) {
  const auto kinds = assign(one_layer({{3, 1}, {2, 5}, {9, 8}, {7, 7.5}}), Score::reverse, 0.5);
  EXPECT_EQ(kinds[0], (std::vector<HeadKind>{HeadKind::window, HeadKind::intra, HeadKind::global,
                                             HeadKind::global}));
}

TEST(Assignment, DecidesTiesByLayerThenHeadAndEqualPairsForIntra) {
  HeadScores scores(2, 2);  // all zero
  const auto kinds = assign(scores, Score::forward_floor, 0.5);
  EXPECT_EQ(kinds[0], (std::vector<HeadKind>{HeadKind::intra, HeadKind::intra}));
  EXPECT_EQ(kinds[1], (std::vector<HeadKind>{HeadKind::global, HeadKind::global}));
}

TEST(Assignment, LeavesExactly144Of360) {
  HeadScores scores(30, 12);
  for (std::size_t i = 0; i < scores.values().size(); ++i) {
    scores.values()[i] = static_cast<double>(i * 7919 % 2160);
  }
  std::int64_t global = 0;
  for (const auto& row : assign(scores, Score::leaked_mass, 0.4)) {
    for (const auto kind : row) global += kind == HeadKind::global ? 1 : 0;
  }
  EXPECT_EQ(global, 144);
}

TEST(Assignment, RefusesWhatIsNotANumber) {
  EXPECT_THROW(assign(one_layer({{1, std::nan("")}}), Score::reverse, 0.5), Error);
}

TEST(Assignment, ComparesTheThreeScores) {
  auto scores = one_layer({{1, 2}, {2, 1}, {1, 2}});
  scores.at(0, 1, Score::reverse, Pattern::window) = 3;      // window -> intra
  scores.at(0, 2, Score::leaked_mass, Pattern::window) = 0;  // intra -> window
  const auto comparison = compare_scores(scores, 0);
  EXPECT_EQ(comparison.differ, 2);
  EXPECT_EQ(comparison.forward_reverse, 1);
  EXPECT_EQ(comparison.forward_leaked, 1);
  EXPECT_EQ(comparison.reverse_leaked, 2);
}

TEST(MeanScores, EachVideoCountsTheSame) {
  MeanScores mean;
  EXPECT_THROW(mean.mean(), Error);
  mean.add(one_layer({{1, 2}}));
  mean.add(one_layer({{4, 2}}));
  EXPECT_DOUBLE_EQ(mean.mean().at(0, 0, Score::reverse, Pattern::intra), 2.5);
  EXPECT_THROW(mean.add(one_layer({{1, 2}, {1, 2}})), Error);
}

}  // namespace
}  // namespace oasis::routing
