// Kernels with one deliberate mistake each. What the hardware would forbid or leave undefined, the
// emulation must report with its place; what is merely wrong, the comparison must show.
#include <device_intrinsics.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "emulator.h"

namespace oasis::kernels {
namespace {

using emulation::FaultKind;
using emulation::KernelFault;
using emulation::Order;
using emulation::OrderScope;

constexpr int kThreads = 64;

/// The fault of `run` in each order of the warps; fails the test where there is none.
void expect_fault(FaultKind kind, const std::string& place, const std::function<void()>& run) {
  for (const auto order : {Order::ascending, Order::descending, Order::random}) {
    const OrderScope scope(order, 3);
    try {
      run();
      FAIL() << "not reported";
    } catch (const KernelFault& fault) {
      EXPECT_EQ(fault.kind(), kind) << fault.what();
      EXPECT_NE(std::string(fault.what()).find(place), std::string::npos) << fault.what();
      EXPECT_NE(std::string(fault.what()).find("broken_kernels_test.cpp:"), std::string::npos)
          << fault.what();
    }
  }
}

enum class Mistake {
  none,
  off_by_one_index,
  missing_barrier,
  barrier_in_branch,
  two_barriers,
  early_return,
  missing_wait,
  row_beyond_tile,
  uninitialised_read,
  write_race,
  reuse_without_barrier,
  ended_lane,
  divergent_shuffle,
  swapped_fragments,
  one_sided_swizzle,
  misaligned_row,
};

/// Reverses the block's 64 values by way of shared memory, then adds the neighbour's.
template <Mistake mistake>
OASIS_KERNEL(64)
void reverse_and_add(const float* in, float* out) {
  const int t = thread_index();
  if (mistake == Mistake::early_return && t >= 40) return;
  const auto values = shared_array<float>(0, kThreads);
  const auto beyond = shared_array<float>(kThreads * 4, kThreads);
  if (mistake == Mistake::uninitialised_read && t == 63) {
    beyond[t] = in[t];
  } else {
    values[mistake == Mistake::write_race && t == 40 ? 8 : t] = in[t];
  }
  if (mistake != Mistake::missing_barrier) syncthreads();
  const int from = mistake == Mistake::off_by_one_index ? kThreads - t : kThreads - 1 - t;
  const float mirrored = values[from];
  if (mistake != Mistake::reuse_without_barrier) syncthreads();
  values[t] = mirrored;
  syncthreads();
  const float neighbour = values[(t + 33) % kThreads];
  out[t] = mirrored + neighbour;
}

template <Mistake mistake>
std::vector<float> run_reverse() {
  std::vector<float> in(kThreads), out(kThreads);
  std::iota(in.begin(), in.end(), 1.0f);
  launch("reverse_and_add", {1}, kThreads, 2 * kThreads * 4, nullptr, reverse_and_add<mistake>,
         in.data(), out.data());
  return out;
}

TEST(BrokenKernels, TheSoundOneIsAccepted) {
  const auto out = run_reverse<Mistake::none>();
  for (int t = 0; t < kThreads; ++t) {
    EXPECT_EQ(out[static_cast<std::size_t>(t)],
              static_cast<float>((kThreads - t) + (kThreads - (t + 33) % kThreads)));
  }
}

TEST(BrokenKernels, OffByOneIndex) {
  expect_fault(FaultKind::out_of_bounds, "block (0, 0, 0), thread 0",
               [] { run_reverse<Mistake::off_by_one_index>(); });
}

TEST(BrokenKernels, MissingBarrier) {
  // Which of the two is caught first depends on the order: not yet written, or written by another.
  for (const auto order : {Order::ascending, Order::descending, Order::random}) {
    const OrderScope scope(order, 5);
    try {
      run_reverse<Mistake::missing_barrier>();
      FAIL() << "not reported";
    } catch (const KernelFault& fault) {
      EXPECT_TRUE(fault.kind() == FaultKind::uninitialised_read || fault.kind() == FaultKind::race)
          << fault.what();
    }
  }
}

template <Mistake mistake>
OASIS_KERNEL(64)
void half_a_barrier(float* out) {
  const int t = thread_index();
  if (mistake == Mistake::barrier_in_branch) {
    if (t < 40) syncthreads();
  } else if (t < 32) {
    syncthreads();
  } else {
    syncthreads();
  }
  out[t] = 1.0f;
}

TEST(BrokenKernels, BarrierInDivergentBranch) {
  std::vector<float> out(kThreads);
  expect_fault(FaultKind::barrier_divergence, "but thread 40 has ended", [&] {
    launch("half_a_barrier", {1}, kThreads, 0, nullptr, half_a_barrier<Mistake::barrier_in_branch>,
           out.data());
  });
  expect_fault(FaultKind::barrier_divergence, "but thread 32 waits at the block barrier", [&] {
    launch("half_a_barrier", {1}, kThreads, 0, nullptr, half_a_barrier<Mistake::two_barriers>,
           out.data());
  });
}

TEST(BrokenKernels, ReturnBeforeABarrier) {
  expect_fault(FaultKind::barrier_divergence, "thread 40 has ended",
               [] { run_reverse<Mistake::early_return>(); });
}

TEST(BrokenKernels, UninitialisedSharedRead) {
  expect_fault(FaultKind::uninitialised_read, "thread 0",
               [] { run_reverse<Mistake::uninitialised_read>(); });
}

TEST(BrokenKernels, TwoThreadsWriteOneElement) {
  expect_fault(FaultKind::race, "with no barrier between",
               [] { run_reverse<Mistake::write_race>(); });
}

TEST(BrokenKernels, ReuseOfATileOthersStillRead) {
  expect_fault(FaultKind::race, "with no barrier between",
               [] { run_reverse<Mistake::reuse_without_barrier>(); });
}

/// Sum of each row of 8 values of a tile that is copied asynchronously.
template <Mistake mistake>
OASIS_KERNEL(32)
void copied_row_sums(const Bf16* in, float* out, int rows) {
  const auto tile = shared_array<Bf16>(0, 32 * 8);
  const int lane = lane_index();
  cp_async_16(tile + lane * 8, in + lane * 8);
  cp_async_commit();
  if (mistake != Mistake::missing_wait) cp_async_wait<0>();
  syncthreads();
  for (int row = lane; row < rows; row += 32) {
    const Vec16 packed =
        shared_cast<Vec16>(tile)[mistake == Mistake::row_beyond_tile ? row + 1 : row];
    float sum = 0.0f;
    for (const std::uint32_t word : packed.words) {
      float low, high;
      unpack_2<Bf16>(word, low, high);
      sum += low + high;
    }
    out[row] = sum;
  }
}

template <Mistake mistake>
std::vector<float> run_row_sums() {
  std::vector<Bf16> in(32 * 8);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = from_float<Bf16>(static_cast<float>(i % 16));
  std::vector<float> out(32);
  launch("copied_row_sums", {1}, 32, 512, nullptr, copied_row_sums<mistake>, in.data(), out.data(),
         32);
  return out;
}

TEST(BrokenKernels, MissingAsyncWait) {
  EXPECT_EQ(run_row_sums<Mistake::none>()[1], 92.0f);
  expect_fault(FaultKind::pending_copy, "before the cp.async to it was waited for",
               [] { run_row_sums<Mistake::missing_wait>(); });
}

TEST(BrokenKernels, ReadsOneRowBeyondTheTile) {
  expect_fault(FaultKind::out_of_bounds, "thread 31",
               [] { run_row_sums<Mistake::row_beyond_tile>(); });
}

template <Mistake mistake>
OASIS_KERNEL(32)
void lane_sum(const float* in, float* out) {
  const int lane = lane_index();
  if (mistake == Mistake::ended_lane && lane >= 20) return;
  float sum = in[lane];
  if (mistake == Mistake::divergent_shuffle && lane % 2 == 0) {
    sum += shfl_xor(sum, 16);
  } else {
    sum += shfl_xor(sum, 16);
  }
  for (int mask = 8; mask > 0; mask /= 2) sum += shfl_xor(sum, mask);
  out[lane] = sum;
}

template <Mistake mistake>
void run_lane_sum() {
  const std::vector<float> in(32, 1.0f);
  std::vector<float> out(32);
  launch("lane_sum", {1}, 32, 0, nullptr, lane_sum<mistake>, in.data(), out.data());
  EXPECT_EQ(out, std::vector<float>(32, 32.0f));
}

TEST(BrokenKernels, ShuffleWithAnEndedLane) {
  run_lane_sum<Mistake::none>();
  expect_fault(FaultKind::warp_divergence, "thread 31 of its warp has ended",
               [] { run_lane_sum<Mistake::ended_lane>(); });
}

TEST(BrokenKernels, ShuffleAtDifferentLines) {
  expect_fault(FaultKind::warp_divergence, "of its warp waits at shfl_xor",
               [] { run_lane_sum<Mistake::divergent_shuffle>(); });
}

/// d = a * b^T for a [16][64], b [8][64] through swizzled shared tiles, ldmatrix and mma.
template <Mistake mistake>
OASIS_KERNEL(32)
void swizzled_product(const Bf16* a, const Bf16* b, float* d) {
  constexpr int kDepth = 64;
  const auto tile_a = shared_array<Bf16>(0, 16 * kDepth);
  const auto tile_b = shared_array<Bf16>(16 * kDepth * 2, 16 * kDepth);
  const auto swizzled = [](int row, int chunk) { return row * kDepth + 8 * (chunk ^ (row & 7)); };
  const int lane = lane_index();
  for (int i = lane; i < 16 * 8; i += 32) {
    cp_async_16(tile_a + swizzled(i / 8, i % 8), a + i * 8);
    cp_async_16(tile_b + swizzled(i / 8, i % 8), b + (i < 64 ? i * 8 : 0), i < 64 ? 16 : 0);
  }
  cp_async_commit();
  cp_async_wait<0>();
  syncthreads();
  float sum[4] = {};
  for (int k0 = 0; k0 < kDepth; k0 += 16) {
    std::uint32_t fa[4], fb[4];
    const int row_a = (lane & 7) + 8 * ((lane >> 3) & 1), chunk_a = k0 / 8 + (lane >> 4);
    const int row_b = (lane & 7) + 8 * (lane >> 4), chunk_b = k0 / 8 + ((lane >> 3) & 1);
    const int from_a = mistake == Mistake::one_sided_swizzle ? row_a * kDepth + 8 * chunk_a
                                                             : swizzled(row_a, chunk_a);
    ldmatrix_x4(fa, tile_a + (mistake == Mistake::misaligned_row ? from_a + 1 : from_a));
    ldmatrix_x4(fb, tile_b + swizzled(row_b, chunk_b));
    if (mistake == Mistake::swapped_fragments) {
      const std::uint32_t a1 = fa[1];
      fa[1] = fa[2];
      fa[2] = a1;
    }
    mma_m16n8k16<Bf16>(sum, fa, fb[0], fb[1]);
  }
  for (int i = 0; i < 4; ++i) d[(lane / 4 + 8 * (i / 2)) * 8 + lane % 4 * 2 + i % 2] = sum[i];
}

/// Largest error relative to the sum of magnitudes.
template <Mistake mistake>
double product_error() {
  std::vector<Bf16> a(16 * 64), b(8 * 64);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = from_float<Bf16>(std::sin(0.7f * static_cast<float>(i)));
  }
  for (std::size_t i = 0; i < b.size(); ++i) {
    b[i] = from_float<Bf16>(std::cos(1.3f * static_cast<float>(i)));
  }
  std::vector<float> d(16 * 8);
  launch("swizzled_product", {1}, 32, 2 * 16 * 64 * 2, nullptr, swizzled_product<mistake>, a.data(),
         b.data(), d.data());
  double worst = 0.0;
  for (std::size_t r = 0; r < 16; ++r) {
    for (std::size_t n = 0; n < 8; ++n) {
      double sum = 0.0, magnitude = 0.0;
      for (std::size_t k = 0; k < 64; ++k) {
        const double term = to_float(a[r * 64 + k]) * to_float(b[n * 64 + k]);
        sum += term;
        magnitude += std::fabs(term);
      }
      worst = std::fmax(worst, std::fabs(d[r * 8 + n] - sum) / magnitude);
    }
  }
  return worst;
}

constexpr double kTolerance = 1e-3;

TEST(BrokenKernels, SwappedFragmentsShowInTheResult) {
  EXPECT_LT(product_error<Mistake::none>(), kTolerance);
  EXPECT_GT(product_error<Mistake::swapped_fragments>(), kTolerance);
}

TEST(BrokenKernels, SwizzleOnOneSideShowsInTheResult) {
  EXPECT_GT(product_error<Mistake::one_sided_swizzle>(), kTolerance);
}

TEST(BrokenKernels, LdmatrixRowNotAligned) {
  expect_fault(FaultKind::misaligned, "thread 0", [] { product_error<Mistake::misaligned_row>(); });
}

}  // namespace
}  // namespace oasis::kernels
