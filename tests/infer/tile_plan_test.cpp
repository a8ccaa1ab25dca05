#include "oasis/infer/tile_plan.h"

#include <gtest/gtest.h>

#include <cstddef>

#include "oasis/infer/bicubic_model.h"
#include "oasis/infer/memory_plan.h"

namespace oasis::infer {
namespace {

void expect_covered(const std::vector<Span>& spans, std::int64_t length, std::int64_t step) {
  const auto weights = blend_weights(spans, length);
  std::vector<double> sums(static_cast<size_t>(length), 0.0);
  for (size_t s = 0; s < spans.size(); ++s) {
    ASSERT_EQ(spans[s].first % step, 0);
    ASSERT_GE(spans[s].first, 0);
    ASSERT_LE(spans[s].end(), length);
    for (size_t i = 0; i < weights[s].size(); ++i) {
      ASSERT_GT(weights[s][i], 0);
      sums[static_cast<size_t>(spans[s].first) + i] += weights[s][i];
    }
  }
  for (const double sum : sums) ASSERT_NEAR(sum, 1, 1e-12);
}

TEST(TilePlan, CoversEverySizeWithWeightsThatSumToOne) {
  for (const std::int64_t step : {1, 2, 4, 8}) {
    for (const std::int64_t tile : {16, 24, 40}) {
      for (const std::int64_t overlap : {0, 4, 16}) {
        for (std::int64_t size = 16; size <= 80; ++size) {
          const auto plan = plan_tiles({size, 96 - size}, {tile, tile}, overlap, step, 16);
          EXPECT_GE(plan.padded.width, size);
          EXPECT_LT(plan.padded.width - size, step);
          EXPECT_GE(plan.padded.height, 96 - size);
          EXPECT_EQ(plan.padded.height % step, 0);
          expect_covered(plan.cols, plan.padded.width, step);
          expect_covered(plan.rows, plan.padded.height, step);
        }
      }
    }
  }
}

TEST(TilePlan, NeighboursShareTheOverlap) {
  for (std::int64_t length = 40; length <= 200; length += 4) {
    const auto spans = plan_axis(length, 32, 8, 4);
    EXPECT_EQ(spans.back().end(), length);
    for (size_t s = 1; s < spans.size(); ++s) EXPECT_GE(spans[s - 1].end() - spans[s].first, 8);
  }
}

TEST(TilePlan, WholeFrameByDefault) {
  const auto plan = plan_tiles({50, 17}, {0, 0}, 16, 8, 32);
  EXPECT_EQ(plan.count(), 1);
  EXPECT_EQ(plan.padded, (Size{56, 32}));
}

TEST(TilePlan, ATileOfTheFrameIsTheFrame) {
  // Rounding 18 down to a multiple of 4 would cut the frame in two.
  EXPECT_EQ(plan_tiles({16, 18}, {16, 18}, 16, 4, 16).count(), 1);
  EXPECT_EQ(plan_tiles({16, 18}, {16, 17}, 16, 4, 16).count(), 2);
}

TEST(TilePlan, NeverBelowTheModelsSmallestSize) {
  const auto plan = plan_tiles({100, 100}, {5, 5}, 16, 8, 20);
  for (const Span& span : plan.rows) EXPECT_EQ(span.count, 24);
}

/// Needs ten times its result.
class HungryModel final : public BicubicModel {
 public:
  std::int64_t peak_bytes(std::int64_t frames, std::int64_t height,
                          std::int64_t width) const override {
    return 10 * 192 * frames * height * width;
  }
};

TEST(MemoryPlan, HalvesTheLongerSideUntilItFits) {
  const std::int64_t frames = 33;
  const HungryModel model;
  const Size frame{480, 270};
  const auto bytes = [&](Size tile) { return clip_bytes(model, frame, tile, frames); };
  EXPECT_EQ(bytes({120, 90}) - bytes({120, 45}), 33 * 120 * 45 * 1920);
  EXPECT_EQ(choose_tile(model, frame, frames, 0), (Size{480, 270}));
  EXPECT_EQ(choose_tile(model, frame, frames, bytes(frame)), (Size{480, 270}));
  EXPECT_EQ(choose_tile(model, frame, frames, bytes({240, 270})), (Size{240, 270}));
  EXPECT_EQ(choose_tile(model, frame, frames, bytes({240, 135})), (Size{240, 135}));
  EXPECT_EQ(choose_tile(model, frame, frames, 1), (Size{64, 64}));
  EXPECT_EQ(choose_tile(model, {40, 30}, frames, 1), (Size{40, 30}));
}

}  // namespace
}  // namespace oasis::infer
