#include "oasis/degrade/plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "oasis/core/error.h"

namespace oasis::degrade {
namespace {

const BlurPlan& blur_of(const Plan& plan, std::size_t index) {
  return std::get<BlurPlan>(plan.operators[index].drawn);
}

TEST(Plan, DependsOnTheSampleAlone) {
  const auto options = stage_options(2);
  const std::string text = describe(draw_plan(options, {1, 2, 77}, 17));
  EXPECT_EQ(describe(draw_plan(options, {1, 2, 77}, 17)), text);
  EXPECT_NE(describe(draw_plan(options, {2, 2, 77}, 17)), text);
  EXPECT_NE(describe(draw_plan(options, {1, 1, 77}, 17)), text);
  EXPECT_NE(describe(draw_plan(options, {1, 2, 78}, 17)), text);
}

TEST(Plan, OfAShorterClipIsTheBeginningOfALongerOnes) {
  const auto options = stage_options(2);
  const Plan long_plan = draw_plan(options, {1, 2, 5}, 17), plan = draw_plan(options, {1, 2, 5}, 6);
  const auto& frames = blur_of(plan, 0).frames;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(frames[i], blur_of(long_plan, 0).frames[i]);
  }
  EXPECT_EQ(plan.order, long_plan.order);
}

TEST(Plan, StaysTheSameThroughAClipOfStageOne) {
  for (std::uint64_t uid = 0; uid < 50; ++uid) {
    const std::string text = describe(draw_plan(stage_options(1), {3, 1, uid}, 17));
    EXPECT_EQ(text.find(".."), std::string::npos) << text;
  }
}

TEST(Plan, MovesWithinRangesInStageTwo) {
  const auto options = stage_options(2);
  const auto& ranges = std::get<BlurOptions>(options.operators[0].kind);
  int type_changes = 0;
  for (std::uint64_t uid = 0; uid < 200; ++uid) {
    const Plan plan = draw_plan(options, {3, 2, uid}, 17);
    const auto& blur = blur_of(plan, 0);
    const Walk omega = ranges.omega_for(blur.kernel_size);
    for (std::size_t i = 1; i < blur.frames.size(); ++i) {
      const BlurState &now = blur.frames[i], &before = blur.frames[i - 1];
      EXPECT_LE(std::abs(now.sigma_x - before.sigma_x), 0.02);
      EXPECT_NE(now.sigma_x - before.sigma_x, now.sigma_y - before.sigma_y);
      EXPECT_TRUE(now.omega >= omega.low && now.omega <= omega.high);
      type_changes += now.type != before.type ? 1 : 0;
    }
  }
  const double expected = 200 * 16 * 0.05 * 0.75056;
  EXPECT_NEAR(type_changes, expected, 4 * std::sqrt(expected));
}

TEST(Plan, ShufflesGroupsWithoutSplittingThem) {
  const auto options = stage_options(1);
  int video_first = 0;
  constexpr int clips = 4000;
  for (std::uint64_t uid = 0; uid < clips; ++uid) {
    const auto order = draw_plan(options, {3, 1, uid}, 1).order;
    ASSERT_EQ(order.size(), 12U);
    for (std::size_t i = 0; i < 9; ++i) ASSERT_EQ(order[i], i);
    const bool first = order[9] == 9;
    ASSERT_EQ(order[first ? 10 : 9], 10U);
    ASSERT_EQ(order[first ? 11 : 10], 11U);
    video_first += first ? 1 : 0;
  }
  EXPECT_NEAR(video_first, clips / 2, 0.03 * clips);
}

TEST(Plan, DescribesEveryOperatorInPlainText) {
  const Plan plan = draw_plan(stage_options(2), {3, 2, 1}, 17);
  const std::string text = describe(plan);
  for (const auto& drawn : plan.operators) {
    EXPECT_NE(text.find(drawn.name + " "), std::string::npos) << text;
  }
  for (const char letter : text) EXPECT_TRUE(letter == '\n' || (letter >= ' ' && letter < 127));
}

TEST(Plan, RefusesAnEmptyClip) { EXPECT_THROW(draw_plan(stage_options(1), {}, 0), Error); }

}  // namespace
}  // namespace oasis::degrade
