// What the emulation adds to the instructions: orders of execution, limits, its own number types.
// The instructions' known answers are in wrappers_test.cpp.
#include <device_intrinsics.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "emulator.h"

namespace oasis::kernels {
namespace {

using emulation::Order;
using emulation::OrderScope;

TEST(Emulator, EveryFp16ValueSurvivesConversion) {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    if ((half & 0x7c00) == 0x7c00 && (half & 0x3ff) != 0) continue;
    ASSERT_EQ(from_float<Fp16>(to_float(Fp16{half})).bits, half);
  }
}

OASIS_KERNEL(32) void nothing() {}

/// Every thread notes its block and turn: orders differ, sums do not.
OASIS_KERNEL(64) void note_turn(int* next_turn, int* turns, float* sums) {
  const int t = thread_index();
  const int block =
      block_index().x + grid_size().x * (block_index().y + grid_size().y * block_index().z);
  turns[block * 64 + t] = (*next_turn)++;
  const auto partial = shared_array<float>(0, 2);
  float x = 1.0f / static_cast<float>(1 + block * 64 + t);
  for (int mask = 16; mask > 0; mask /= 2) x += shfl_xor(x, mask);
  if (lane_index() == 0) partial[warp_index()] = x;
  syncthreads();
  sums[block * 64 + t] = partial[0] + partial[1];
}

TEST(Emulator, OrdersDifferButResultsDoNot) {
  std::vector<std::vector<int>> turns;
  std::vector<std::vector<float>> sums;
  for (const auto order : {Order::ascending, Order::descending, Order::random}) {
    const OrderScope scope(order, 7);
    int next_turn = 0;
    turns.emplace_back(12 * 64);
    sums.emplace_back(12 * 64);
    launch("note_turn", {2, 3, 2}, 64, 8, nullptr, note_turn, &next_turn, turns.back().data(),
           sums.back().data());
    EXPECT_EQ(next_turn, 12 * 64);
  }
  EXPECT_EQ(turns[0][0], 0);
  EXPECT_EQ(turns[1].back(), 0);
  EXPECT_NE(turns[2], turns[0]);
  EXPECT_NE(turns[2], turns[1]);
  EXPECT_EQ(sums[1], sums[0]);
  EXPECT_EQ(sums[2], sums[0]);
}

TEST(Emulator, EmptyGridRunsNothing) { launch("nothing", {0}, 64, 0, nullptr, nothing); }

TEST(Emulator, RefusesShapesBeyondAGpu) {
  const auto refused = [](const Index3& blocks, int threads, int bytes) {
    try {
      launch("nothing", blocks, threads, bytes, nullptr, nothing);
    } catch (const emulation::KernelFault& fault) {
      return fault.kind() == emulation::FaultKind::bad_launch;
    }
    return false;
  };
  EXPECT_TRUE(refused({1}, 48, 0));
  EXPECT_TRUE(refused({1}, 2048, 0));
  EXPECT_TRUE(refused({1}, 32, 228 * 1024));
  EXPECT_TRUE(refused({1, 65536}, 32, 0));
}

}  // namespace
}  // namespace oasis::kernels
