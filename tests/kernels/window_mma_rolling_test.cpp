// The forward that walks through the frames against the definition, whatever the segments.
#include "kernels/window_attention_mma_rolling.cu"

#include "emulator.h"
#include "kernels/window_attention_paths.h"
#include "window_mma_cases.h"

namespace oasis::kernels::window_test {
namespace {

using emulation::Order;
using emulation::OrderScope;

class WindowMmaRolling : public testing::TestWithParam<Case> {};

TEST_P(WindowMmaRolling, MatchesTheDefinitionForEverySegment) {
  const auto& c = GetParam();
  std::vector<unsigned char> bytes;
  for (int segment = 1; segment <= c.frames; ++segment) {
    Trial trial(c);
    trial.forward_rolling(segment);
    if (segment == 1) {
      trial.expect_forward(exact(c, trial.inputs(), weight_unit(c)));
      bytes = trial.bytes();
    }
    EXPECT_EQ(trial.bytes(), bytes) << "segments of " << segment;
  }
}

std::vector<Case> rolling_cases() {
  auto cases = mma_cases();
  Case c{8, 5, 6};
  c.heads = 1;
  cases.push_back(c);
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Grids, WindowMmaRolling, testing::ValuesIn(rolling_cases()));

TEST(WindowMmaRollingMore, SegmentsFillTheDevice) {
  WindowForward call;
  call.problem.frames = 27;
  call.problem.rows = 45;
  call.problem.cols = 80;
  call.problem.heads = 5;
  EXPECT_EQ(window_paths::rolling_segment(call), 0) << "nothing known of the device";
  call.multiprocessors = 132;
  call.shared_bytes = 232448;
  EXPECT_EQ(window_paths::rolling_segment(call), 9);  // 900 blocks: 7 waves of 11 steps
  call.shared_bytes = 101376;
  EXPECT_EQ(window_paths::rolling_segment(call), 0) << "two stages do not fit";
  call.shared_bytes = 232448;
  call.problem.frames = 5;
  call.problem.rows = 20;
  call.problem.cols = 40;
  call.problem.heads = 1;
  EXPECT_EQ(window_paths::rolling_segment(call), 0) << "75 blocks for 132 multiprocessors";
}

TEST(WindowMmaRollingMore, IsTakenWhereItFills) {
  Case c{4, 5, 6};
  Trial chosen(c), asked(c);
  chosen.forward(WindowPath::fast, 2);
  asked.forward_rolling(4);
  EXPECT_EQ(chosen.bytes(), asked.bytes());
}

TEST(WindowMmaRollingMore, SameBitsInEveryOrder) {
  Case c{4, 5, 9};
  c.heads = 1;
  std::vector<std::vector<unsigned char>> results;
  for (const auto order : {Order::ascending, Order::descending, Order::random}) {
    const OrderScope scope(order);
    Trial trial(c);
    trial.forward_rolling(3);
    results.push_back(trial.bytes());
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

}  // namespace
}  // namespace oasis::kernels::window_test
