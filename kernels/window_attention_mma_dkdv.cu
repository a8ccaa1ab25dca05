// Gradients of the keys and values on tensor cores. Windows are symmetric: the queries that see a
// key are the tokens of its own neighbourhood, so this is the dQ kernel with the roles exchanged,
// keys and values as own tokens, queries and output gradients as halo:
//   Pᵀ = exp(K Qᵀ - lse), dV = sum Pᵀ dO, dSᵀ = Pᵀ * (V dOᵀ - delta), dK = scale * sum dSᵀ Q.

#include <device_intrinsics.h>

#include "kernels/window_attention_mma_tiles.cuh"
#include "kernels/window_attention_paths.h"

namespace oasis::kernels {
namespace {

using namespace window_tile;

struct DkDvArguments {
  Grid grid;
  TokenView q, k, v, d_o;
  const float* lse;
  const float* delta;
  MutableTokenView dk, dv;
  float scale;
  float log2_scale;  ///< scale * log2(e)
};

/// log2(e) lse and delta of a frame's halo, one value per query; no query outside the grid sees any
/// key, so its sum of weights is set beyond reach.
OASIS_DEVICE void load_query_sums(SharedPtr<float> log2_sums, SharedPtr<float> deltas,
                                  const DkDvArguments& arguments, const Place& place, int frame) {
  const Grid grid = arguments.grid;
  const std::int64_t base = (static_cast<std::int64_t>(place.head_in_batch) * grid.frames + frame) *
                            grid.rows * grid.cols;
  OASIS_KEEP_LOOP
  for (int token = thread_index(); token < Block::kHaloTokens; token += Block::kThreads) {
    const int row = halo_position(place.block_row, token / Block::kHaloCols);
    const int col = halo_position(place.block_col, token % Block::kHaloCols);
    const bool inside = row >= 0 && row < grid.rows && col >= 0 && col < grid.cols;
    const std::int64_t index = base + (inside ? row * grid.cols + col : 0);
    log2_sums[token] = inside ? arguments.lse[index] * kLog2E : 1e30F;
    deltas[token] = inside ? arguments.delta[index] : 0.0F;
  }
}

template <class Half, int kDim>
OASIS_KERNEL(Block::kThreads, 2)
void window_dk_dv_kernel(DkDvArguments arguments) {
  const Grid grid = arguments.grid;
  const Place place = place_of_block(grid);
  const bool active = place.active(grid);
  const Rows<const Half> query_rows = rows_of_block<const Half>(arguments.q);
  const Rows<const Half> d_output_rows = rows_of_block<const Half>(arguments.d_o);
  SharedPtr<Half> query_tile = shared_array<Half>(0, Block::kHaloTokens * kDim);
  SharedPtr<Half> d_output_tile =
      shared_array<Half>(plane_bytes<kDim>(), Block::kHaloTokens * kDim);
  SharedPtr<float> log2_sums = shared_array<float>(2 * plane_bytes<kDim>(), Block::kHaloTokens);
  SharedPtr<float> deltas = shared_array<float>(
      2 * plane_bytes<kDim>() + Block::kHaloTokens * static_cast<int>(sizeof(float)),
      Block::kHaloTokens);

  load_own<kDim>(query_tile, rows_of_block<const Half>(arguments.k), grid, place);
  load_own<kDim>(d_output_tile, rows_of_block<const Half>(arguments.v), grid, place);
  cp_async_commit();
  cp_async_wait<0>();
  syncthreads();
  std::uint32_t keys[kDim / 16][4], values[kDim / 16][4];
  own_fragments<kDim>(keys, query_tile);
  own_fragments<kDim>(values, d_output_tile);
  const ChannelFragments<kDim> by_channel(place);
  const TokenFragments<kDim> by_token(place);
  const LaneMask mask(grid, place);
  const int column =
      Block::halo_token(place.warp_row, place.warp_col, 0, lane_halo_col(lane_index(), 0));

  float d_keys[kDim / 8][4] = {}, d_values[kDim / 8][4] = {};
  const int last = last_frame(place.frame, grid.frames);
  for (int frame = first_frame(place.frame); frame <= last; ++frame) {
    syncthreads();  // nobody reads the tiles any more
    load_halo<kDim>(query_tile, query_rows, grid, place, frame);
    load_halo<kDim>(d_output_tile, d_output_rows, grid, place, frame);
    cp_async_commit();
    load_query_sums(log2_sums, deltas, arguments, place, frame);
    cp_async_wait<0>();
    syncthreads();
    if (!active) continue;
    OASIS_KEEP_LOOP
    for (int i = 0; i < kHalo; i += 2) {
      if (!mask.pair_inside(i)) continue;
      const int rows = i * halo_row_size<kDim>();
      float p[2][4] = {};
      OASIS_UNROLL
      for (int r = 0; r < 2; ++r) {
        multiply_channels<kDim>(p[r], keys, query_tile + rows, by_channel, r);
        OASIS_UNROLL
        for (int e = 0; e < 2; ++e) {
          const float log2_sum = log2_sums[column + (i + r) * Block::kHaloCols + e];
          OASIS_UNROLL
          for (int half = 0; half < 2; ++half) {
            float& weight = p[r][2 * half + e];
            weight = mask.keeps(i + r, half, e)
                         ? exp2_approx(weight * arguments.log2_scale - log2_sum)
                         : 0.0F;
          }
        }
      }
      std::uint32_t weights[4];
      pack_weights<Half>(weights, p[0], p[1]);
      multiply_tokens<kDim>(d_values, weights, d_output_tile + rows, by_token);

      OASIS_UNROLL
      for (int r = 0; r < 2; ++r) {
        float dp[4] = {};
        multiply_channels<kDim>(dp, values, d_output_tile + rows, by_channel, r);
        OASIS_UNROLL
        for (int e = 0; e < 2; ++e) {
          const float delta = deltas[column + (i + r) * Block::kHaloCols + e];
          OASIS_UNROLL
          for (int half = 0; half < 2; ++half) p[r][2 * half + e] *= dp[2 * half + e] - delta;
        }
      }
      pack_weights<Half>(weights, p[0], p[1]);
      multiply_tokens<kDim>(d_keys, weights, query_tile + rows, by_token);
    }
  }
  syncthreads();  // the tiles become the staging areas
  if (!active) return;
  const float scale[2] = {arguments.scale, arguments.scale};
  const float one[2] = {1.0F, 1.0F};
  store_own<kDim>(rows_of_block<Half>(arguments.dk), d_keys, scale, query_tile, grid, place);
  store_own<kDim>(rows_of_block<Half>(arguments.dv), d_values, one, d_output_tile, grid, place);
}

template <class Half, int kDim>
void launch_dk_dv(const WindowBackward& call, Stream stream) {
  const DkDvArguments arguments{grid_of(call.problem),
                                call.q,
                                call.k,
                                call.v,
                                call.d_o,
                                call.lse,
                                call.delta,
                                call.dk,
                                call.dv,
                                call.problem.scale,
                                call.problem.scale * kLog2E};
  const int query_sums = 2 * Block::kHaloTokens * static_cast<int>(sizeof(float));
  launch("window_dk_dv", blocks_of(call.problem), Block::kThreads,
         2 * plane_bytes<kDim>() + query_sums, stream, window_dk_dv_kernel<Half, kDim>, arguments);
}

}  // namespace

void window_paths::dk_dv_mma(const WindowBackward& call, Stream stream) {
  with_half(call.problem.element, [&](auto type) {
    using Half = typename decltype(type)::Type;
    if (call.problem.head_dim == 64) return launch_dk_dv<Half, 64>(call, stream);
    launch_dk_dv<Half, 128>(call, stream);
  });
}

}  // namespace oasis::kernels
