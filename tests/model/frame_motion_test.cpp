#include "src/model/frame_motion.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/flow/warp.h"
#include "src/model/frame_joins.h"
#include "src/model/frame_neighbours.h"
#include "src/model/move_rows.h"

namespace oasis::model {
namespace {

/// A soft random texture, `[3, rows, cols]` in [-1, 1].
at::Tensor texture(std::int64_t rows, std::int64_t cols) {
  torch::manual_seed(5);
  const at::Tensor rough = at::randn({1, 1, rows / 4, cols / 4});
  const at::Tensor soft = at::upsample_bicubic2d(rough, {rows, cols}, /*align_corners=*/false);
  return (soft[0] * 0.4).clamp(-1, 1).expand({3, rows, cols}).contiguous();
}

/// `count` frames of 64x64 in which a texture moves by (dx, dy) from one to the next.
at::Tensor gliding(std::int64_t count, std::int64_t dx, std::int64_t dy) {
  const at::Tensor scene = texture(96, 96);
  std::vector<at::Tensor> frames;
  for (std::int64_t t = 0; t < count; ++t) {
    frames.push_back(scene.slice(1, 16 - dy * t, 80 - dy * t).slice(2, 16 - dx * t, 80 - dx * t));
  }
  return at::stack(frames, 1);
}

#ifdef OASIS_WITH_MEDIA
double median_inside(const at::Tensor& flow, std::int64_t axis) {
  return flow[axis].slice(0, 12, 52).slice(1, 12, 52).flatten().median().item<double>();
}

TEST(FrameMotion, FollowsWhatMoves) {
  const FrameMotion motion(gliding(5, 2, -1), 2);
  const at::Tensor next = motion.flows({1, 2, 3, 4, 4});
  const at::Tensor second = motion.flows({0, 1, 0, 1, 2});
  EXPECT_NEAR(median_inside(next[1], 0), 2, 0.2);
  EXPECT_NEAR(median_inside(next[1], 1), -1, 0.2);
  EXPECT_NEAR(median_inside(second[3], 0), -4, 0.3);
  EXPECT_NEAR(median_inside(second[3], 1), 2, 0.3);
  EXPECT_EQ(next[4].abs().max().item<double>(), 0) << "a frame to itself";
  EXPECT_TRUE(at::equal(motion.to_the_frame_before()[2], motion.flows({0, 0, 1, 3, 4})[2]));
}

TEST(FrameMotion, NoiseDoesNotMoveASceneThatStandsStill) {
  const at::Tensor clip = gliding(3, 0, 0);
  const FrameMotion motion(clip + 0.1 * at::randn(clip.sizes()), 1);
  const at::Tensor moves = motion.flows({1, 2, 1}).abs().amax(1) > 0;
  EXPECT_LT(moves.to(at::kFloat).mean().item<double>(), 0.05);
}

#endif

TEST(FrameMotion, OneFrameAndSmallOnesStandStill) {
  for (const at::Tensor& clip : {gliding(1, 0, 0), gliding(3, 2, 0).slice(2, 0, 8)}) {
    const FrameMotion motion(clip, 2);
    EXPECT_EQ(motion.to_the_frame_before().sizes(),
              at::IntArrayRef({clip.size(1), 2, clip.size(2), clip.size(3)}));
    EXPECT_EQ(motion.to_the_frame_before().abs().max().item<double>(), 0);
  }
}

#ifdef OASIS_WITH_MEDIA
TEST(FrameNeighbours, AreMovedOntoTheFrame) {
  const at::Tensor clip = gliding(4, 2, 1).unsqueeze(0);
  std::vector<FrameMotion> motions;
  motions.emplace_back(clip[0], 1);
  const auto difference = [&](const at::Tensor& beside) {
    // Of frame 1 to the frames before and behind it.
    const at::Tensor inside = beside[0].slice(2, 12, 52).slice(3, 12, 52).select(1, 1);
    const at::Tensor own = inside.slice(0, 3, 6);
    return (inside.slice(0, 0, 3) - own).abs().mean().item<double>() +
           (inside.slice(0, 6, 9) - own).abs().mean().item<double>();
  };
  EXPECT_LT(difference(frames_with_neighbours(clip, 1, motions)),
            0.1 * difference(frames_with_neighbours(clip, 1)));
}

#endif

at::Tensor last_channels(const at::Tensor& x) {
  return x.contiguous(at::MemoryFormat::ChannelsLast);
}

TEST(MoveRows, MovesAsWarpDoes) {
  torch::manual_seed(6);
  const at::Tensor source = at::randn({2, 5, 7, 9});
  const at::Tensor motion = 6 * at::randn({2, 2, 7, 9});
  const at::Tensor expected = flow::warp(source, motion, flow::WarpPadding::border);
  at::Tensor target = last_channels(at::zeros({2, 10, 7, 9}));
  move_rows(last_channels(source), motion, target.narrow(1, 5, 5));
  EXPECT_LE((target.narrow(1, 5, 5) - expected).abs().max().item<double>(), 1e-4);
  EXPECT_EQ(target.narrow(1, 0, 5).abs().max().item<double>(), 0);
  const at::Tensor half = last_channels(source.to(at::kBFloat16));
  at::Tensor rounded = at::empty_like(half);
  move_rows(half, motion, rounded);
  const at::Tensor wide =
      flow::warp(half.to(at::kFloat), motion, flow::WarpPadding::border).to(at::kBFloat16);
  EXPECT_LE((rounded.to(at::kFloat) - wide.to(at::kFloat)).abs().max().item<double>(), 0.02);
}

TEST(MoveRows, WithoutMotionItCopies) {
  const at::Tensor source = last_channels(at::randn({1, 4, 6, 5}));
  at::Tensor target = at::empty_like(source);
  move_rows(source, at::zeros({1, 2, 6, 5}), target);
  EXPECT_TRUE(at::equal(target, source));
}

TEST(FrameJoins, TheFrameBeforeIsMovedAlikeWithAndWithoutGradients) {
  torch::manual_seed(7);
  const at::Tensor frames = last_channels(at::randn({2 * 3, 4, 6, 8}));
  const at::Tensor motion = 2 * at::randn({2 * 3, 2, 6, 8});
  at::Tensor memory = at::randn({2, 1, 4, 6, 8});
  at::Tensor again = memory;
  const at::Tensor with = beside_the_frame_before(frames, 2, memory, motion);
  const torch::NoGradGuard no_grad;
  const at::Tensor without = beside_the_frame_before(frames, 2, again, motion);
  EXPECT_LE((with - without).abs().max().item<double>(), 1e-4);
  const at::Tensor last = at::stack({frames.narrow(0, 2, 1), frames.narrow(0, 5, 1)});
  EXPECT_TRUE(at::equal(memory, last));
  EXPECT_TRUE(at::equal(again, last));
  const at::Tensor moved =
      flow::warp(frames.narrow(0, 3, 1), motion.narrow(0, 4, 1), flow::WarpPadding::border);
  EXPECT_LE((without[4].narrow(0, 4, 4) - moved[0]).abs().max().item<double>(), 1e-4);
}

TEST(FrameJoins, GradientsAreThoseOfTheParts) {
  torch::manual_seed(8);
  const at::Tensor values = at::randn({2 * 4, 5, 6, 8});
  const at::Tensor weights = at::randn({2 * 4, 10, 6, 8});
  for (const at::Tensor& motion : {at::Tensor(), 3 * at::randn({2 * 4, 2, 6, 8})}) {
    const auto gradient = [&](at::ScalarType dtype) {
      const at::Tensor frames = last_channels(values.to(dtype)).requires_grad_(true);
      at::Tensor memory;
      const at::Tensor moves = motion.defined() && dtype == at::kDouble ? motion.to(dtype) : motion;
      (beside_the_frame_before(frames, 2, memory, moves) * weights.to(dtype)).sum().backward();
      return frames.grad().to(at::kDouble);
    };
    const at::Tensor expected = gradient(at::kDouble);  // by torch's operators
    EXPECT_LE((gradient(at::kFloat) - expected).abs().max().item<double>(), 1e-4);
    EXPECT_LE((gradient(at::kBFloat16) - expected).abs().max().item<double>(),
              0.02 * expected.abs().max().item<double>());
  }
}

TEST(FrameJoins, RefuseASecondDerivative) {
  const at::Tensor frames = last_channels(at::randn({4, 5, 6, 8})).requires_grad_(true);
  at::Tensor memory;
  const at::Tensor both = beside_the_frame_before(frames, 1, memory, {});
  EXPECT_THROW(both.sum().backward({}, /*retain_graph=*/true, /*create_graph=*/true), Error);
}

}  // namespace
}  // namespace oasis::model
