#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define OASIS_TILE_FUNCTION __host__ __device__ constexpr
#else
#define OASIS_TILE_FUNCTION constexpr
#endif

/// Geometry of the tensor-core window kernels, window (3, 5, 5).
///
/// A warp owns 1 x 4 x 4 tokens, slot s = 0..15 being row s / 4, column s % 4 of its tile. In each
/// frame within reach they see a halo of 8 x 8 tokens that begins two rows above and two columns
/// left of the tile. One halo row of 8 tokens is one n8 tile of mma.m16n8k16, two rows are one k16
/// step. "Own" tokens are queries in the forward and dQ kernels and keys in the dK/dV kernel;
/// windows are symmetric, so the formulas serve both.
namespace oasis::kernels::window_tile {

constexpr int kTile = 4;
constexpr int kReach = 2;
constexpr int kReachFrames = 1;
constexpr int kHalo = kTile + 2 * kReach;
constexpr int kSlots = kTile * kTile;
constexpr int kChunk = 8;  ///< elements of 16 bits in the 16 bytes that one access moves

OASIS_TILE_FUNCTION int slot_row(int slot) { return slot / kTile; }
OASIS_TILE_FUNCTION int slot_col(int slot) { return slot % kTile; }

/// Fragment rows of a lane: slot lane / 4 in the lower half, that plus 8 in the upper.
OASIS_TILE_FUNCTION int lane_slot(int lane, int upper) { return lane / 4 + 8 * upper; }
/// Fragment columns of a lane, `e` 0 or 1: the halo column within an n8 tile.
OASIS_TILE_FUNCTION int lane_halo_col(int lane, int e) { return 2 * (lane % 4) + e; }

/// Grid row (or column) of halo row (or column) `i` of the tile that begins at `origin`.
OASIS_TILE_FUNCTION int halo_position(int origin, int i) { return origin - kReach + i; }

/// Bit i: halo row (or column) i lies inside a grid of `length` rows (or columns).
OASIS_TILE_FUNCTION unsigned inside_bits(int origin, int length) {
  unsigned bits = 0;
  for (int i = 0; i < kHalo; ++i) {
    const int position = halo_position(origin, i);
    if (position >= 0 && position < length) bits |= 1U << i;
  }
  return bits;
}

/// Bit i: halo row (or column) i is within reach of row (or column) `own` of the tile.
OASIS_TILE_FUNCTION unsigned reach_bits(int own) { return ((1U << (2 * kReach + 1)) - 1) << own; }

/// Bit i: a token in row (or column) `own` of the tile attends to halo row (or column) i.
OASIS_TILE_FUNCTION unsigned attended_bits(int own, int origin, int length) {
  return reach_bits(own) & inside_bits(origin, length);
}

/// The tokens that a block loads once for all its warps: its own kRows x kCols and their halo.
template <int kWarpRows, int kWarpCols>
struct BlockShape {
  static constexpr int kWarps = kWarpRows * kWarpCols;
  static constexpr int kThreads = 32 * kWarps;
  static constexpr int kRows = kTile * kWarpRows;
  static constexpr int kCols = kTile * kWarpCols;
  static constexpr int kHaloRows = kRows + 2 * kReach;
  static constexpr int kHaloCols = kCols + 2 * kReach;
  static constexpr int kHaloTokens = kHaloRows * kHaloCols;

  OASIS_TILE_FUNCTION static int warp_row(int warp) { return warp / kWarpCols * kTile; }
  OASIS_TILE_FUNCTION static int warp_col(int warp) { return warp % kWarpCols * kTile; }

  /// Place in the block's halo of token (i, j) of the halo of the tile at (tile_row, tile_col).
  OASIS_TILE_FUNCTION static int halo_token(int tile_row, int tile_col, int i, int j) {
    return (tile_row + i) * kHaloCols + tile_col + j;
  }
};

/// Offset in elements of a 16-byte chunk of a token in shared memory. Tokens are rows of kDim
/// elements; chunks are exchanged within groups of eight so that the same chunk of eight
/// neighbouring tokens falls into eight different bank groups, wherever the eight begin.
template <int kDim>
OASIS_TILE_FUNCTION int swizzled_offset(int token, int chunk) {
  return token * kDim + (chunk ^ (token & 7)) * kChunk;
}

}  // namespace oasis::kernels::window_tile
