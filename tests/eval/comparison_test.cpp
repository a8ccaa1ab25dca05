#include "oasis/eval/comparison.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "oasis/core/error.h"

namespace oasis::eval {
namespace {

using testing::Contains;
using testing::HasSubstr;

EvaluationResult method(const std::string& name, const std::map<std::string, double>& psnr) {
  EvaluationResult result;
  result.method = name;
  result.metrics = {{"psnr_y", "PSNR-Y", "dB", "", true, 2}};
  for (const auto& [clip, score] : psnr) {
    ClipResult entry;
    entry.name = clip;
    entry.scores["psnr_y"] = score;
    result.clips.push_back(entry);
  }
  return result;
}

TEST(Bootstrap, OneOrEqualValuesHaveNoWidth) {
  for (const auto& values : {std::vector<double>{0.5}, std::vector<double>{0.5, 0.5, 0.5}}) {
    const auto interval = bootstrap_mean(values);
    EXPECT_EQ(interval.mean, 0.5);
    EXPECT_EQ(interval.low, 0.5);
    EXPECT_EQ(interval.high, 0.5);
  }
  EXPECT_TRUE(std::isnan(bootstrap_mean({}).mean));
}

TEST(Bootstrap, TwoValuesReachBothEnds) {
  // A quarter of the draws takes one value twice.
  const auto interval = bootstrap_mean({0, 1});
  EXPECT_EQ(interval.low, 0);
  EXPECT_EQ(interval.high, 1);
}

TEST(Bootstrap, WidthIsThatOfTheStandardError) {
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(i % 20);  // standard deviation 5.766
  const auto interval = bootstrap_mean(values);
  const double error = 5.766 / 20;
  EXPECT_NEAR(interval.low, 9.5 - 1.96 * error, 0.02);
  EXPECT_NEAR(interval.high, 9.5 + 1.96 * error, 0.02);
  EXPECT_EQ(bootstrap_mean(values).low, interval.low);
}

TEST(Compare, PairsClipsAndCountsWins) {
  const auto comparison = compare({method("a", {{"x", 30}, {"y", 31}, {"z", 32}, {"only", 9}}),
                                   method("b", {{"x", 31}, {"y", 30}, {"z", 35}})});
  ASSERT_EQ(comparison.differences.size(), 1U);
  const auto& difference = comparison.differences[0];
  EXPECT_EQ(difference.method, "b");
  EXPECT_NEAR(difference.mean, 1.0, 1e-12);
  EXPECT_EQ(difference.low, -1);
  EXPECT_EQ(difference.high, 3);
  EXPECT_EQ(difference.wins, 2);
  EXPECT_EQ(difference.clips, 3);
  EXPECT_THAT(comparison.notes, Contains("b has no only"));
}

TEST(Compare, LowerCanBeBetter) {
  auto first = method("a", {{"x", 3}});
  first.metrics[0].higher_is_better = false;
  EXPECT_EQ(compare({first, method("b", {{"x", 2}})}).differences.at(0).wins, 1);
  EXPECT_EQ(compare({first, method("b", {{"x", 4}})}).differences.at(0).wins, 0);
}

TEST(Compare, InfiniteDifferencesDoNotCount) {
  const double inf = std::numeric_limits<double>::infinity();
  const auto comparison =
      compare({method("a", {{"x", inf}, {"y", 30}}), method("b", {{"x", inf}, {"y", 31}})});
  EXPECT_EQ(comparison.differences.at(0).clips, 1);
}

TEST(Compare, OtherProtocolsAreSaid) {
  auto second = method("b", {{"x", 1}});
  second.protocol_text = {"border: 4"};
  EXPECT_THAT(compare({method("a", {{"x", 1}}), second}).notes,
              Contains(HasSubstr("another protocol")));
  EXPECT_THROW(compare({second}), Error);
}

}  // namespace
}  // namespace oasis::eval
