// Known answers of every instruction of device_intrinsics.h. In kernels_test they are the
// emulation's, built with tests/kernels/device/test_memory.h by nvcc they are a GPU's: that both
// give the same is what makes the emulation worth trusting.
#include <device_intrinsics.h>
#include <gtest/gtest.h>
#include <test_memory.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

namespace oasis::kernels {
namespace {

constexpr int kWarp = 32;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Fragment positions, written out once more from the PTX ISA: (row, column) of the first of the two
// values of register i.
OASIS_DEVICE int a_row(int lane, int i) { return lane / 4 + (i == 1 || i == 3 ? 8 : 0); }
OASIS_DEVICE int a_column(int lane, int i) { return lane % 4 * 2 + (i >= 2 ? 8 : 0); }
OASIS_DEVICE int b_row(int lane, int i) { return lane % 4 * 2 + 8 * i; }
OASIS_DEVICE int d_row(int lane, int i) { return lane / 4 + (i >= 2 ? 8 : 0); }
OASIS_DEVICE int d_column(int lane, int i) { return lane % 4 * 2 + i % 2; }

/// d = a * b with a `[16][16]`, b `[16][8]`, d `[16][8]`, all float in memory.
template <class Half>
OASIS_KERNEL(32)
void tile_product(const float* a, const float* b, float* d) {
  const int lane = lane_index();
  std::uint32_t fa[4];
  for (int i = 0; i < 4; ++i) {
    const float* pair = a + a_row(lane, i) * 16 + a_column(lane, i);
    fa[i] = pack_2<Half>(pair[0], pair[1]);
  }
  std::uint32_t fb[2];
  for (int i = 0; i < 2; ++i) {
    const float* pair = b + b_row(lane, i) * 8 + lane / 4;
    fb[i] = pack_2<Half>(pair[0], pair[8]);
  }
  float sum[4] = {};
  mma_m16n8k16<Half>(sum, fa, fb[0], fb[1]);
  for (int i = 0; i < 4; ++i) d[d_row(lane, i) * 8 + d_column(lane, i)] = sum[i];
}

template <class Half>
void expect_every_position() {
  TestArray<float> a(256);
  std::iota(a.begin(), a.end(), 0.0f);
  for (int k = 0; k < 16; ++k) {
    for (int n = 0; n < 8; ++n) {
      TestArray<float> b(128), d(128, kNan), expected(128, 0.0f);
      b[static_cast<std::size_t>(k * 8 + n)] = 1.0f;
      for (int r = 0; r < 16; ++r) expected[static_cast<std::size_t>(r * 8 + n)] = 16.0f * r + k;
      launch("tile_product", {1}, kWarp, 0, nullptr, tile_product<Half>, a.data(), b.data(),
             d.data());
      finish();
      ASSERT_EQ(d, expected) << "k " << k << ", n " << n;
    }
  }
}

TEST(Wrappers, MmaReadsBackEveryFragmentPosition) {
  expect_every_position<Bf16>();
  expect_every_position<Fp16>();
}

template <bool transposed>
OASIS_KERNEL(32)
void read_matrices(std::uint32_t* registers) {
  const auto tile = shared_array<std::uint16_t>(0, 256);
  for (int i = thread_index(); i < 256; i += thread_count())
    tile[i] = static_cast<std::uint16_t>(i);
  syncthreads();
  std::uint32_t r[4];
  if constexpr (transposed) {
    ldmatrix_x4_trans(r, tile + lane_index() * 8);
  } else {
    ldmatrix_x4(r, tile + lane_index() * 8);
  }
  for (int i = 0; i < 4; ++i) registers[lane_index() * 4 + i] = r[i];
}

TEST(Wrappers, LdmatrixOfIndices) {
  TestArray<std::uint32_t> plain(128), transposed(128);
  launch("read", {1}, kWarp, 512, nullptr, read_matrices<false>, plain.data());
  finish();
  launch("read_trans", {1}, kWarp, 512, nullptr, read_matrices<true>, transposed.data());
  finish();
  for (std::uint32_t lane = 0; lane < 32; ++lane) {
    for (std::uint32_t m = 0; m < 4; ++m) {
      const std::uint32_t g = lane / 4, c = lane % 4 * 2, base = 64 * m;
      EXPECT_EQ(plain[lane * 4 + m], (base + 8 * g + c) | (base + 8 * g + c + 1) << 16);
      EXPECT_EQ(transposed[lane * 4 + m], (base + 8 * c + g) | (base + 8 * (c + 1) + g) << 16);
    }
  }
}

OASIS_KERNEL(64) void exchange(int* out) {
  const int t = thread_index();
  out[t * 5 + 0] = shfl_xor(t, 5);
  out[t * 5 + 1] = shfl_down(t, 3);
  out[t * 5 + 2] = shfl(t, 7);
  out[t * 5 + 3] = static_cast<int>(ballot(lane_index() % 3 == 0));
  syncwarp();
  out[t * 5 + 4] = static_cast<int>(shfl_xor(2.5f * static_cast<float>(t), 16));
}

TEST(Wrappers, ShufflesAndBallot) {
  TestArray<int> out(64 * 5);
  launch("exchange", {1}, 64, 0, nullptr, exchange, out.data());
  finish();
  std::uint32_t bits = 0;
  for (int lane = 0; lane < 32; lane += 3) bits |= 1u << lane;
  for (int t = 0; t < 64; ++t) {
    const int lane = t % 32, base = t - lane;
    const int* own = out.data() + t * 5;
    EXPECT_EQ(own[0], base + (lane ^ 5));
    EXPECT_EQ(own[1], lane + 3 < 32 ? t + 3 : t);
    EXPECT_EQ(own[2], base + 7);
    EXPECT_EQ(static_cast<std::uint32_t>(own[3]), bits);
    EXPECT_EQ(own[4], static_cast<int>(2.5f * static_cast<float>(base + (lane ^ 16))));
  }
}

/// Two groups of copies; the second is read after the wait for all.
OASIS_KERNEL(32) void copy_groups(const std::uint16_t* in, std::uint16_t* out) {
  const auto tile = shared_array<std::uint16_t>(0, 512);
  const int lane = lane_index();
  cp_async_16(tile + lane * 8, in + lane * 8);
  cp_async_commit();
  cp_async_16(tile + 256 + lane * 8, in + lane * 8, lane % 2 == 0 ? 6 : 0);
  cp_async_commit();
  cp_async_wait<1>();
  syncthreads();
  for (int i = lane; i < 256; i += 32) out[i] = tile[i];
  cp_async_wait<0>();
  syncthreads();
  for (int i = lane; i < 256; i += 32) out[256 + i] = tile[256 + i];
}

TEST(Wrappers, AsyncCopyArrivesAtItsWaitAndFillsWithZero) {
  TestArray<std::uint16_t> in(256), out(512), expected(512);
  std::iota(in.begin(), in.end(), std::uint16_t{1});
  std::copy(in.begin(), in.end(), expected.begin());
  for (std::size_t i = 0; i < 256; ++i) {
    expected[256 + i] = i / 8 % 2 == 0 && i % 8 < 3 ? in[i] : std::uint16_t{0};
  }
  launch("copy_groups", {1}, kWarp, 1024, nullptr, copy_groups, in.data(), out.data());
  finish();
  EXPECT_EQ(out, expected);
}

template <class Half>
OASIS_KERNEL(32)
void round_trip(const float* in, float* out, int count) {
  for (int i = thread_index(); i < count; i += thread_count()) {
    out[i] = to_float(from_float<Half>(in[i]));
    float low, high;
    unpack_2<Half>(pack_2<Half>(in[i], -in[i]), low, high);
    if (low == low && (low != out[i] || high != -out[i])) out[i] = 12345.0f;
  }
}

template <class Half>
void expect_rounding(const TestArray<float>& in, const TestArray<float>& expected) {
  TestArray<float> out(in.size());
  launch("round_trip", {1}, kWarp, 0, nullptr, round_trip<Half>, in.data(), out.data(),
         static_cast<int>(in.size()));
  finish();
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(out[i]));
    } else {
      EXPECT_EQ(out[i], expected[i]) << in[i];
    }
  }
}

TEST(Wrappers, HalfTypesRoundToNearestEven) {
  const float bf16_step = 1.0f / 128, fp16_step = 1.0f / 1024;
  expect_rounding<Bf16>({1 + bf16_step / 2, 1 + 1.5f * bf16_step,
                         std::nextafter(1 + bf16_step / 2, 2.0f), 3.4e38f, kNan},
                        {1, 1 + 2 * bf16_step, 1 + bf16_step, kInfinity, kNan});
  const float smallest = std::ldexp(1.0f, -24);
  expect_rounding<Fp16>({1 + fp16_step / 2, 1 + 1.5f * fp16_step, 65519, -65520, smallest,
                         smallest / 2, 1.5f * smallest, kNan},
                        {1, 1 + 2 * fp16_step, 65504, -kInfinity, smallest, 0, 2 * smallest, kNan});
}

OASIS_KERNEL(32) void powers(const float* in, float* out, int count) {
  if (thread_index() < count) out[thread_index()] = exp2_approx(in[thread_index()]);
}

TEST(Wrappers, Exp2IsCloseAndFlushesDenormals) {
  const TestArray<float> in{3.0f, -0.7f, 0.3f, 100.1f, -126.0f, -127.0f, -kInfinity};
  TestArray<float> out(in.size());
  launch("powers", {1}, kWarp, 0, nullptr, powers, in.data(), out.data(),
         static_cast<int>(in.size()));
  finish();
  for (std::size_t i = 0; i < 5; ++i) {
    const double expected = std::exp2(static_cast<double>(in[i]));
    EXPECT_NEAR(out[i], expected, std::ldexp(expected, -21));
  }
  EXPECT_EQ(out[5], 0.0f);
  EXPECT_EQ(out[6], 0.0f);
}

}  // namespace
}  // namespace oasis::kernels
