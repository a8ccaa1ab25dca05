#pragma once

#include <device_intrinsics.h>

#include "kernels/window_attention.h"
#include "kernels/window_tile.h"

/// A loop unrolled by so much, and one that stays a loop: unrolled, what every round computes anew
/// would crowd the registers.
#ifdef __CUDACC__
#define OASIS_WINDOW_PRAGMA(text) _Pragma(#text)
#define OASIS_UNROLL_BY(count) OASIS_WINDOW_PRAGMA(unroll count)
#else
#define OASIS_UNROLL_BY(count)
#endif
#define OASIS_KEEP_LOOP OASIS_UNROLL_BY(1)

/// What the tensor-core window kernels share: where a block stands, its loads, fragments and
/// stores.
namespace oasis::kernels::window_tile {

using Block = BlockShape<2, 2>;  ///< 1 x 8 x 8 own tokens, 12 x 12 tokens of halo, four warps

/// All rows of one tensor that a block uses: those of one batch entry and head.
template <class Half>
struct Rows {
  Half* first = nullptr;  ///< row of token 0
  std::int64_t stride = 0;
};

struct Grid {
  int frames = 0;
  int rows = 0;
  int cols = 0;
};

inline Grid grid_of(const WindowProblem& problem) {
  return {problem.frames, problem.rows, problem.cols};
}

/// Blocks that cover one frame.
OASIS_TILE_FUNCTION int tiles_of(const Grid& grid) {
  return ((grid.rows + Block::kRows - 1) / Block::kRows) *
         ((grid.cols + Block::kCols - 1) / Block::kCols);
}

/// One block per tile of a frame (x), head (y) and batch entry (z); neighbouring tiles follow each
/// other, so that their halos meet in the L2 cache.
inline Index3 blocks_of(const WindowProblem& problem) {
  return {problem.frames * tiles_of(grid_of(problem)), problem.heads, problem.batch};
}

/// Where a block and the calling warp stand.
struct Place {
  int frame;
  int block_row;  ///< grid row and column of the block's first own token
  int block_col;
  int warp_row;  ///< the warp's tile within the block
  int warp_col;
  int head_in_batch;  ///< batch * heads + head

  OASIS_DEVICE int tile_row() const { return block_row + warp_row; }
  OASIS_DEVICE int tile_col() const { return block_col + warp_col; }
  /// Whether the warp owns any token; a whole warp agrees.
  OASIS_DEVICE bool active(const Grid& grid) const {
    return tile_row() < grid.rows && tile_col() < grid.cols;
  }
  /// The grid index of an own token of the warp, or -1 past the border.
  OASIS_DEVICE std::int64_t token(const Grid& grid, int slot) const {
    const int row = tile_row() + slot_row(slot), col = tile_col() + slot_col(slot);
    if (row >= grid.rows || col >= grid.cols) return -1;
    return (static_cast<std::int64_t>(frame) * grid.rows + row) * grid.cols + col;
  }
};

/// A warp's place, the frame left at 0.
OASIS_DEVICE Place place_of_tile(const Grid& grid, int tile, int warp) {
  const int across = (grid.cols + Block::kCols - 1) / Block::kCols;
  Place place;
  place.frame = 0;
  place.block_row = tile / across * Block::kRows;
  place.block_col = tile % across * Block::kCols;
  place.warp_row = Block::warp_row(warp);
  place.warp_col = Block::warp_col(warp);
  place.head_in_batch = block_index().z * grid_size().y + block_index().y;
  return place;
}

OASIS_DEVICE Place place_of_block(const Grid& grid) {
  const int tiles = tiles_of(grid);
  Place place = place_of_tile(grid, block_index().x % tiles, warp_index());
  place.frame = block_index().x / tiles;
  return place;
}

/// The rows of the block's batch entry and head.
template <class Half, class View>
OASIS_DEVICE Rows<Half> rows_of_block(const View& view) {
  const Index3 block = block_index();
  return {static_cast<Half*>(view.data) + block.z * view.batch_stride + block.y * view.head_stride,
          view.token_stride};
}

/// Starts the copy of one frame's halo of the block; tokens outside the grid become zeros. A few
/// passes of the block's threads fill whole halo rows, after which a thread's columns repeat.
template <int kDim, int kThreads = Block::kThreads, class Half>
OASIS_DEVICE void load_halo(SharedPtr<Half> tile, const Rows<const Half>& rows, const Grid& grid,
                            const Place& place, int frame) {
  constexpr int kChunks = kDim / kChunk;
  constexpr int kTokensAtOnce = kThreads / kChunks;
  constexpr int kPasses = kTokensAtOnce % Block::kHaloCols == 0 ? 1 : 3;
  constexpr int kRowsAtOnce = kPasses * kTokensAtOnce / Block::kHaloCols;
  [[maybe_unused]] constexpr int kUnroll = kThreads == Block::kThreads ? Block::kHaloRows : 1;
  static_assert(kPasses * kTokensAtOnce % Block::kHaloCols == 0, "passes end with a halo row");
  static_assert(Block::kHaloRows % kRowsAtOnce == 0, "every thread copies the same number");
  const int chunk = thread_index() % kChunks;
  const Half* plane = rows.first + chunk * kChunk +
                      static_cast<std::int64_t>(frame) * grid.rows * grid.cols * rows.stride;
  const std::int64_t step = kRowsAtOnce * grid.cols * rows.stride;
  OASIS_KEEP_LOOP
  for (int pass = 0; pass < kPasses; ++pass) {
    const int token = pass * kTokensAtOnce + thread_index() / kChunks;
    const int row = halo_position(place.block_row, token / Block::kHaloCols);
    const int col = halo_position(place.block_col, token % Block::kHaloCols);
    const bool col_inside = col >= 0 && col < grid.cols;
    const std::int64_t first = (row * grid.cols + col) * rows.stride;
    OASIS_UNROLL_BY(kUnroll)
    for (int i = 0; i < Block::kHaloRows; i += kRowsAtOnce) {
      const bool inside = col_inside && row + i >= 0 && row + i < grid.rows;
      cp_async_16(tile + swizzled_offset<kDim>(token + i * Block::kHaloCols, chunk),
                  plane + (inside ? first + i / kRowsAtOnce * step : 0), inside ? 16 : 0);
    }
  }
}

/// Starts the copy of the block's own tokens, warp after warp in slot order.
template <int kDim, class Half>
OASIS_DEVICE void load_own(SharedPtr<Half> tile, const Rows<const Half>& rows, const Grid& grid,
                           const Place& place) {
  constexpr int kChunks = kDim / kChunk;
  constexpr int kTokensAtOnce = Block::kThreads / kChunks;
  const int chunk = thread_index() % kChunks;
  const Half* plane = rows.first + chunk * kChunk +
                      static_cast<std::int64_t>(place.frame) * grid.rows * grid.cols * rows.stride;
  OASIS_KEEP_LOOP
  for (int pass = 0; pass < Block::kWarps * kSlots / kTokensAtOnce; ++pass) {
    const int token = pass * kTokensAtOnce + thread_index() / kChunks;
    const int warp = token / kSlots, slot = token % kSlots;
    const int row = place.block_row + Block::warp_row(warp) + slot_row(slot);
    const int col = place.block_col + Block::warp_col(warp) + slot_col(slot);
    const bool inside = row < grid.rows && col < grid.cols;
    const int index = inside ? row * grid.cols + col : 0;
    cp_async_16(tile + swizzled_offset<kDim>(token, chunk), plane + index * rows.stride,
                inside ? 16 : 0);
  }
}

/// A fragments of the warp's own tokens: 16 slots x kDim channels.
template <int kDim, class Half>
OASIS_DEVICE void own_fragments(std::uint32_t (&a)[kDim / 16][4], SharedPtr<Half> tile) {
  const int lane = lane_index();
  const int token = warp_index() * kSlots + lane % 16;
  OASIS_UNROLL
  for (int step = 0; step < kDim / 16; ++step) {
    ldmatrix_x4(a[step], tile + swizzled_offset<kDim>(token, 2 * step + lane / 16));
  }
}

/// B fragments of halo tokens for a product that sums over channels: the 8 tokens of one halo row
/// are the columns. Constants are exchanged into one offset per lane.
template <int kDim>
struct ChannelFragments {
  int offset;  ///< of the lane's row of the first matrix

  OASIS_DEVICE explicit ChannelFragments(const Place& place) {
    static_assert(Block::kHaloCols % 8 == 4, "chunk exchange flips with every halo row");
    const int lane = lane_index();
    const int token = Block::halo_token(place.warp_row, place.warp_col, 0, lane % 8);
    offset = swizzled_offset<kDim>(token, lane / 8);
  }

  /// Halo row `i`, channels 32 `pair`.. +31: `b` holds two k16 steps of two registers. `tile` may
  /// begin at any even halo row.
  template <class Half>
  OASIS_DEVICE void load(std::uint32_t (&b)[4], SharedPtr<Half> tile, int i, int pair) const {
    const int exchanged = offset ^ (((pair ^ i) & 1) * 4 * kChunk);
    ldmatrix_x4(b, tile + (exchanged + i * Block::kHaloCols * kDim + pair / 2 * 8 * kChunk));
  }
};

/// B fragments of halo tokens for a product that sums over tokens: two halo rows are one k16 step,
/// channels are the columns.
template <int kDim>
struct TokenFragments {
  int offset;  ///< of the lane's row of the first matrix

  OASIS_DEVICE explicit TokenFragments(const Place& place) {
    const int lane = lane_index();
    const int matrix = lane / 8;
    const int token = Block::halo_token(place.warp_row, place.warp_col, matrix % 2, lane % 8);
    offset = swizzled_offset<kDim>(token, matrix / 2);
  }

  /// The first two halo rows of `tile`, which may begin at any even one, channels 16 `pair`.. +15:
  /// two n8 tiles of two registers.
  template <class Half>
  OASIS_DEVICE void load(std::uint32_t (&b)[4], SharedPtr<Half> tile, int pair) const {
    const int exchanged = offset ^ (pair % 4 * 2 * kChunk);
    ldmatrix_x4_trans(b, tile + (exchanged + pair / 4 * 8 * kChunk));
  }
};

/// Which of its products with the halo a lane keeps: own rows lane / 4 and lane / 4 + 8, columns
/// 2 (lane % 4) and the next of every n8 tile. One register, for those are scarce.
struct LaneMask {
  /// Bits 0..7: halo rows for the first own row; 8..15: for the second; 16..23: halo rows that lie
  /// in the grid (the whole warp agrees); 24, 25: the two columns.
  unsigned bits;

  OASIS_DEVICE LaneMask(const Grid& grid, const Place& place) {
    const int lane = lane_index();
    const unsigned inside = inside_bits(place.tile_row(), grid.rows);
    const unsigned first = reach_bits(slot_row(lane_slot(lane, 0))) & inside;
    const unsigned second = reach_bits(slot_row(lane_slot(lane, 1))) & inside;
    const unsigned near = attended_bits(slot_col(lane_slot(lane, 0)), place.tile_col(), grid.cols);
    const unsigned cols = (near >> lane_halo_col(lane, 0)) & 3U;
    bits = first | second << 8 | inside << 16 | cols << 24;
  }

  OASIS_DEVICE bool keeps(int i, int half, int e) const {
    return (bits & (1U << (i + 8 * half))) != 0 && (bits & (1U << (24 + e))) != 0;
  }
  OASIS_DEVICE bool row_inside(int i) const { return (bits & (1U << (16 + i))) != 0; }
  /// Whether halo rows i and i + 1 hold anything.
  OASIS_DEVICE bool pair_inside(int i) const { return (bits & (3U << (16 + i))) != 0; }
};

/// One halo row of scores: 16 own tokens x 8 halo tokens, summed over channels.
template <int kDim, class Half>
OASIS_DEVICE void multiply_channels(float (&d)[4], const std::uint32_t (&own)[kDim / 16][4],
                                    SharedPtr<Half> tile, const ChannelFragments<kDim>& halo,
                                    int i) {
  OASIS_UNROLL
  for (int pair = 0; pair < kDim / 32; ++pair) {
    std::uint32_t b[4];
    halo.load(b, tile, i, pair);
    mma_m16n8k16<Half>(d, own[2 * pair], b[0], b[1]);
    mma_m16n8k16<Half>(d, own[2 * pair + 1], b[2], b[3]);
  }
}

/// d += weights * halo, summed over the tokens of the first two halo rows of `tile`.
template <int kDim, class Half>
OASIS_DEVICE void multiply_tokens(float (&d)[kDim / 8][4], const std::uint32_t (&weights)[4],
                                  SharedPtr<Half> tile, const TokenFragments<kDim>& halo) {
  OASIS_UNROLL
  for (int pair = 0; pair < kDim / 16; ++pair) {
    std::uint32_t b[4];
    halo.load(b, tile, pair);
    mma_m16n8k16<Half>(d[2 * pair], weights, b[0], b[1]);
    mma_m16n8k16<Half>(d[2 * pair + 1], weights, b[2], b[3]);
  }
}

/// The scores of two halo rows as the A fragment of a k16 step.
template <class Half>
OASIS_DEVICE void pack_weights(std::uint32_t (&a)[4], const float (&first)[4],
                               const float (&second)[4]) {
  a[0] = pack_2<Half>(first[0], first[1]);
  a[1] = pack_2<Half>(first[2], first[3]);
  a[2] = pack_2<Half>(second[0], second[1]);
  a[3] = pack_2<Half>(second[2], second[3]);
}

/// Rounds the warp's 16 x kDim result, times `factor` per own row of the lane, and writes the rows
/// that exist, 16 bytes at a time. `tile` is shared memory that no other warp's slots overlap.
template <int kDim, class Half>
OASIS_DEVICE void store_own(const Rows<Half>& rows, const float (&d)[kDim / 8][4],
                            const float (&factor)[2], SharedPtr<Half> tile, const Grid& grid,
                            const Place& place) {
  const int lane = lane_index();
  const int first = warp_index() * kSlots;
  SharedPtr<std::uint32_t> pairs = shared_cast<std::uint32_t>(tile);
  OASIS_UNROLL
  for (int n = 0; n < kDim / 8; ++n) {
    OASIS_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int offset = swizzled_offset<kDim>(first + lane_slot(lane, half), n);
      pairs[(offset + lane_halo_col(lane, 0)) / 2] =
          pack_2<Half>(d[n][2 * half] * factor[half], d[n][2 * half + 1] * factor[half]);
    }
  }
  syncwarp();
  constexpr int kChunks = kDim / kChunk;
  constexpr int kSlotsAtOnce = 32 / kChunks;
  const int chunk = lane % kChunks;
  SharedPtr<Vec16> chunks = shared_cast<Vec16>(tile);
  OASIS_UNROLL
  for (int pass = 0; pass < kSlots / kSlotsAtOnce; ++pass) {
    const int slot = pass * kSlotsAtOnce + lane / kChunks;
    const std::int64_t token = place.token(grid, slot);
    if (token < 0) continue;
    const Vec16 value = chunks[swizzled_offset<kDim>(first + slot, chunk) / kChunk];
    store_16(rows.first + token * rows.stride + chunk * kChunk, value);
  }
}

/// Elements from one halo row to the next.
template <int kDim>
OASIS_TILE_FUNCTION int halo_row_size() {
  return Block::kHaloCols * kDim;
}

/// Bytes of one halo plane in shared memory.
template <int kDim>
OASIS_TILE_FUNCTION int plane_bytes() {
  return Block::kHaloTokens * kDim * 2;
}

OASIS_TILE_FUNCTION int first_frame(int frame) {
  return frame > kReachFrames ? frame - kReachFrames : 0;
}
OASIS_TILE_FUNCTION int last_frame(int frame, int frames) {
  return frame + kReachFrames < frames ? frame + kReachFrames : frames - 1;
}

constexpr float kLog2E = 1.4426950408889634F;

}  // namespace oasis::kernels::window_tile
