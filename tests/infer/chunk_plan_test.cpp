#include "oasis/infer/chunk_plan.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/infer/blend.h"

namespace oasis::infer {
namespace {

/// Weight of each chunk at each frame, as `ChunkBlender` gives it out.
std::vector<double> weight_sums(const std::vector<Chunk>& plan, std::int64_t frames) {
  std::vector<double> sums(static_cast<size_t>(frames), 0.0);
  for (size_t k = 0; k < plan.size(); ++k) {
    const std::int64_t after = k + 1 < plan.size() ? plan[k + 1].overlap : 0;
    for (std::int64_t i = 0; i < plan[k].count; ++i) {
      double weight = 1;
      if (i < plan[k].overlap) weight = fade_in_weight(i, plan[k].overlap);
      const std::int64_t j = i - (plan[k].count - after);
      if (j >= 0) weight *= 1 - fade_in_weight(j, after);
      sums[static_cast<size_t>(plan[k].first + i)] += weight;
    }
  }
  return sums;
}

TEST(ChunkPlan, CoversEveryLengthWithWeightsThatSumToOne) {
  for (const ChunkSettings& settings :
       {ChunkSettings{33, 8, 4}, ChunkSettings{17, 8, 4}, ChunkSettings{5, 2, 4},
        ChunkSettings{9, 0, 4}, ChunkSettings{1, 0, 4}, ChunkSettings{6, 3, 1}}) {
    for (std::int64_t frames = 1; frames <= 100; ++frames) {
      const auto plan = plan_chunks(frames, {}, settings);
      ASSERT_FALSE(plan.empty());
      EXPECT_EQ(plan.front().first, 0);
      EXPECT_EQ(plan.back().end(), frames);
      for (const Chunk& chunk : plan) {
        EXPECT_LE(chunk.padded, settings.length);
        EXPECT_GE(chunk.padded, chunk.count);
        EXPECT_LT(chunk.padded - chunk.count, settings.frame_step);
        EXPECT_EQ(chunk.padded % settings.frame_step, 1 % settings.frame_step);
        EXPECT_GT(chunk.count, chunk.overlap) << "a chunk without a new frame";
      }
      for (const double sum : weight_sums(plan, frames)) ASSERT_NEAR(sum, 1, 1e-12);
    }
  }
}

TEST(ChunkPlan, RespectsCuts) {
  const ChunkSettings settings{9, 4, 4};
  for (std::int64_t cut = 1; cut < 60; ++cut) {
    const auto plan = plan_chunks(60, {cut, cut + 1}, settings);
    for (const Chunk& chunk : plan) {
      for (const std::int64_t start : {cut, cut + 1}) {
        EXPECT_TRUE(chunk.end() <= start || chunk.first >= start) << "cut at " << start;
        if (chunk.first == start) {
          EXPECT_EQ(chunk.overlap, 0);
        }
      }
    }
    for (const double sum : weight_sums(plan, 60)) ASSERT_NEAR(sum, 1, 1e-12);
  }
}

TEST(ChunkPlan, GivesTheExpectedChunks) {
  const std::vector<Chunk> expected = {{0, 9, 9, 0}, {6, 9, 9, 3}, {12, 6, 9, 3}, {18, 2, 5, 0}};
  EXPECT_EQ(plan_chunks(20, {18}, {9, 3, 4}), expected);
}

TEST(ChunkPlan, NoFramesNoChunks) { EXPECT_TRUE(plan_chunks(0, {}, {}).empty()); }

TEST(ChunkPlan, RefusesSettingsThatDoNotFit) {
  EXPECT_THROW(ChunkPlanner({32, 8, 4}), Error);
  EXPECT_THROW(ChunkPlanner({33, 17, 4}), Error);
  EXPECT_THROW(ChunkPlanner({33, -1, 4}), Error);
  EXPECT_NO_THROW(ChunkPlanner({33, 16, 4}));
}

}  // namespace
}  // namespace oasis::infer
