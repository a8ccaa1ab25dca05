// Window attention forward for long clips: a block walks through the frames of a column of 8 x 8
// tokens and loads every frame's halo once for the three query frames that see it. Of three groups
// of four warps, each holds one query frame; when a frame has seen its last neighbour the group
// writes it and takes the frame three further on. One frame is worked on while the next arrives.

#include <device_intrinsics.h>

#include "kernels/window_attention_mma_softmax.cuh"
#include "kernels/window_attention_paths.h"

namespace oasis::kernels {
namespace {

using namespace window_tile;

constexpr int kGroups = 2 * kReachFrames + 1;
constexpr int kRollingThreads = kGroups * Block::kThreads;

struct RollingArguments {
  Grid grid;
  TokenView q, k, v;
  MutableTokenView o;
  float* lse;
  float scale;
  float log2_scale;  ///< scale * log2(e)
  int segment;       ///< query frames of a block
};

/// Transposes 4 x 4 words over the four lanes of a quad: word j of lane c becomes word c of lane j.
OASIS_DEVICE void transpose_quad(std::uint32_t (&w)[4]) {
  OASIS_UNROLL
  for (int distance = 2; distance > 0; distance /= 2) {
    const bool upper = (lane_index() & distance) != 0;
    OASIS_UNROLL
    for (int j = 0; j < 4; ++j) {
      if ((j & distance) != 0) continue;
      const std::uint32_t received = shfl_xor(upper ? w[j] : w[j + distance], distance);
      w[j] = upper ? received : w[j];
      w[j + distance] = upper ? w[j + distance] : received;
    }
  }
}

/// A fragments of the warp's own tokens straight from global memory, 16 bytes at a time; zeros for
/// tokens past the border.
template <int kDim, class Half>
OASIS_DEVICE void load_fragments(std::uint32_t (&a)[kDim / 16][4], const Rows<const Half>& rows,
                                 const Grid& grid, const Place& place) {
  OASIS_UNROLL
  for (int half = 0; half < 2; ++half) {
    const std::int64_t token = place.token(grid, lane_slot(lane_index(), half));
    const Half* row = rows.first + (token < 0 ? 0 : token) * rows.stride;
    OASIS_UNROLL
    for (int step = 0; step < kDim / 16; step += 2) {
      Vec16 chunk = {{0, 0, 0, 0}};
      if (token >= 0) chunk = load_16(row + (2 * step + lane_index() % 4) * kChunk);
      transpose_quad(chunk.words);
      OASIS_UNROLL
      for (int j = 0; j < 4; ++j) a[step + j / 2][half + j % 2 * 2] = chunk.words[j];
    }
  }
}

/// Rounds the warp's 16 x kDim result, times `factor` per own row of the lane, and writes the rows
/// that exist straight to global memory, 16 bytes at a time.
template <int kDim, class Half>
OASIS_DEVICE void store_fragments(const Rows<Half>& rows, const float (&d)[kDim / 8][4],
                                  const float (&factor)[2], const Grid& grid, const Place& place) {
  OASIS_UNROLL
  for (int half = 0; half < 2; ++half) {
    const std::int64_t token = place.token(grid, lane_slot(lane_index(), half));
    OASIS_UNROLL
    for (int n = 0; n < kDim / 8; n += 4) {
      Vec16 chunk;
      OASIS_UNROLL
      for (int j = 0; j < 4; ++j) {
        chunk.words[j] =
            pack_2<Half>(d[n + j][2 * half] * factor[half], d[n + j][2 * half + 1] * factor[half]);
      }
      transpose_quad(chunk.words);
      if (token >= 0) {
        store_16(rows.first + token * rows.stride + (n + lane_index() % 4) * kChunk, chunk);
      }
    }
  }
}

template <class Half, int kDim>
OASIS_KERNEL(kRollingThreads, 1)
void window_rolling_kernel(RollingArguments arguments) {
  const Grid grid = arguments.grid;
  const int tiles = tiles_of(grid);
  Place place = place_of_tile(grid, block_index().x % tiles, warp_index() % Block::kWarps);
  const bool active = place.active(grid);
  const int group = warp_index() / Block::kWarps;
  const int first_query = block_index().x / tiles * arguments.segment;
  const int segment_end = first_query + arguments.segment;
  const int last_query = (segment_end < grid.frames ? segment_end : grid.frames) - 1;
  const int first = first_frame(first_query);
  const int last = last_frame(last_query, grid.frames);

  const Rows<const Half> keys = rows_of_block<const Half>(arguments.k);
  const Rows<const Half> values = rows_of_block<const Half>(arguments.v);
  constexpr int kPlane = Block::kHaloTokens * kDim;
  // Two stages, each keys and values of one frame.
  SharedPtr<Half> tiles_of_stages = shared_array<Half>(0, 4 * kPlane);
  const ChannelFragments<kDim> key_fragments(place);
  const TokenFragments<kDim> value_fragments(place);
  const LaneMask mask(grid, place);

  std::uint32_t queries[kDim / 16][4] = {};
  RunningSoftmax softmax;
  float output[kDim / 8][4] = {};
  load_halo<kDim, kRollingThreads>(tiles_of_stages, keys, grid, place, first);
  load_halo<kDim, kRollingThreads>(tiles_of_stages + kPlane, values, grid, place, first);
  cp_async_commit();
  OASIS_KEEP_LOOP
  for (int frame = first; frame <= last; ++frame) {
    cp_async_wait<0>();
    syncthreads();  // this frame is there, nobody reads the other stage any more
    SharedPtr<Half> key_tile = tiles_of_stages + (frame - first) % 2 * 2 * kPlane;
    if (frame < last) {
      SharedPtr<Half> next = tiles_of_stages + (frame + 1 - first) % 2 * 2 * kPlane;
      load_halo<kDim, kRollingThreads>(next, keys, grid, place, frame + 1);
      load_halo<kDim, kRollingThreads>(next + kPlane, values, grid, place, frame + 1);
      cp_async_commit();
    }
    // The one of frame - 1, frame, frame + 1 that is this group's.
    place.frame = frame - 1 + (group + 2 * (frame - 1) + 2 * kGroups) % kGroups;
    if (!active || place.frame < first_query || place.frame > last_query) continue;
    if (frame == first_frame(place.frame)) {
      load_fragments<kDim>(queries, rows_of_block<const Half>(arguments.q), grid, place);
      softmax = RunningSoftmax();
      OASIS_UNROLL
      for (int n = 0; n < kDim / 8; ++n) {
        OASIS_UNROLL
        for (int e = 0; e < 4; ++e) output[n][e] = 0.0F;
      }
    }
    // Half the halo rows at a time: scores of all eight would not fit the registers.
    OASIS_UNROLL
    for (int row = 0; row < kHalo; row += kHalo / 2) {
      float s[kHalo / 2][4];
      multiply_keys<kDim>(s, row, queries, key_tile, key_fragments, mask);
      multiply_values<kDim>(output, s, row, softmax, mask, arguments.log2_scale, key_tile + kPlane,
                            value_fragments);
    }
    if (frame == last_frame(place.frame, grid.frames)) {
      float factor[2];
      finish_rows(softmax, factor, arguments.lse, arguments.scale, grid, place);
      store_fragments<kDim>(rows_of_block<Half>(arguments.o), output, factor, grid, place);
    }
  }
}

template <class Half, int kDim>
void launch_rolling(const WindowForward& call, int segment, Stream stream) {
  const Grid grid = grid_of(call.problem);
  const RollingArguments arguments{grid,
                                   call.q,
                                   call.k,
                                   call.v,
                                   call.o,
                                   call.lse,
                                   call.problem.scale,
                                   call.problem.scale * kLog2E,
                                   segment};
  const int segments = (grid.frames + segment - 1) / segment;
  launch("window_rolling", {tiles_of(grid) * segments, call.problem.heads, call.problem.batch},
         kRollingThreads, 4 * plane_bytes<kDim>(), stream, window_rolling_kernel<Half, kDim>,
         arguments);
}

}  // namespace

void window_paths::forward_rolling(const WindowForward& call, int segment, Stream stream) {
  with_half(call.problem.element, [&](auto type) {
    using Half = typename decltype(type)::Type;
    if (call.problem.head_dim == 64) return launch_rolling<Half, 64>(call, segment, stream);
    launch_rolling<Half, 128>(call, segment, stream);
  });
}

}  // namespace oasis::kernels
