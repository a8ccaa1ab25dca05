#include "warp_instructions.h"

#include <cstring>

#include "half_types.h"

namespace oasis::kernels::emulation {
namespace {

constexpr int kMatrixRow = 16;  ///< bytes of one row of an 8 x 8 matrix

template <class Half>
void unpack(std::uint32_t bits, float& low, float& high) {
  low = widen(Half{static_cast<std::uint16_t>(bits & 0xffffu)});
  high = widen(Half{static_cast<std::uint16_t>(bits >> 16)});
}

template <class Half>
void gather_fragments(const Lanes& lanes, float (&a)[16][16], float (&b)[16][8]) {
  for (int lane = 0; lane < kWarpSize; ++lane) {
    const auto& operands = *static_cast<const MmaOperands*>(lanes[static_cast<std::size_t>(lane)]);
    const int g = lane >> 2;
    const int c = 2 * (lane & 3);
    for (int i = 0; i < 4; ++i) {
      const int row = g + 8 * (i & 1);
      const int k = c + 8 * (i >> 1);
      unpack<Half>(operands.a[i], a[row][k], a[row][k + 1]);
    }
    for (int i = 0; i < 2; ++i) unpack<Half>(operands.b[i], b[c + 8 * i][g], b[c + 8 * i + 1][g]);
  }
}

/// Reads the eight rows each matrix names, as 16-bit values [matrix][row][column].
void gather_matrices(const Lanes& lanes, std::uint16_t (&values)[4][8][8]) {
  auto& run = BlockRun::current();
  const auto first = static_cast<std::uint32_t>(run.thread().warp() * kWarpSize);
  for (int lane = 0; lane < kWarpSize; ++lane) {
    const auto& operands =
        *static_cast<const LdmatrixOperands*>(lanes[static_cast<std::size_t>(lane)]);
    check_extent(operands.extent, operands.row, kMatrixRow, kMatrixRow, operands.where);
    const Accessor who{first + static_cast<std::uint32_t>(lane), run.thread().warp_epoch};
    run.shared().check_read(operands.row, kMatrixRow, who, operands.where);
    std::memcpy(values[lane >> 3][lane & 7], run.shared().data() + operands.row, kMatrixRow);
  }
}

void load_matrices(const Lanes& lanes, bool transposed) {
  std::uint16_t values[4][8][8];
  gather_matrices(lanes, values);
  for (int lane = 0; lane < kWarpSize; ++lane) {
    const auto& operands =
        *static_cast<const LdmatrixOperands*>(lanes[static_cast<std::size_t>(lane)]);
    const int g = lane >> 2;
    const int c = 2 * (lane & 3);
    for (int m = 0; m < 4; ++m) {
      const std::uint32_t low = transposed ? values[m][c][g] : values[m][g][c];
      const std::uint32_t high = transposed ? values[m][c + 1][g] : values[m][g][c + 1];
      operands.registers[m] = low | high << 16;
    }
  }
}

}  // namespace

template <class Half>
void complete_mma(const Lanes& lanes) {
  float a[16][16];
  float b[16][8];
  gather_fragments<Half>(lanes, a, b);
  for (int lane = 0; lane < kWarpSize; ++lane) {
    auto& operands = *static_cast<MmaOperands*>(lanes[static_cast<std::size_t>(lane)]);
    for (int i = 0; i < 4; ++i) {
      const int row = (lane >> 2) + 8 * (i >> 1);
      const int column = 2 * (lane & 3) + (i & 1);
      float sum = 0.0f;
      for (int k = 0; k < 16; ++k) sum += a[row][k] * b[k][column];
      operands.d[i] += sum;
    }
  }
}

template void complete_mma<Bf16>(const Lanes& lanes);
template void complete_mma<Fp16>(const Lanes& lanes);

void complete_ldmatrix_x4(const Lanes& lanes) { load_matrices(lanes, false); }
void complete_ldmatrix_x4_trans(const Lanes& lanes) { load_matrices(lanes, true); }

}  // namespace oasis::kernels::emulation
