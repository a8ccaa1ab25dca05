// Gradient of the queries on tensor cores. The softmax is known from the forward's lse, so two halo
// rows are taken from scores to gradient before the next two are begun:
//   P = exp(S - lse), dS = P * (dO Vᵀ - delta), dQ = scale * sum dS K.

#include <device_intrinsics.h>

#include "kernels/window_attention_mma_tiles.cuh"
#include "kernels/window_attention_paths.h"

namespace oasis::kernels {
namespace {

using namespace window_tile;

struct DqArguments {
  Grid grid;
  TokenView q, k, v, d_o;
  const float* lse;
  const float* delta;
  MutableTokenView dq;
  float scale;
};

template <class Half, int kDim>
OASIS_KERNEL(Block::kThreads, 2)
void window_dq_kernel(DqArguments arguments) {
  const Grid grid = arguments.grid;
  const Place place = place_of_block(grid);
  const bool active = place.active(grid);
  const Rows<const Half> keys = rows_of_block<const Half>(arguments.k);
  const Rows<const Half> values = rows_of_block<const Half>(arguments.v);
  SharedPtr<Half> key_tile = shared_array<Half>(0, Block::kHaloTokens * kDim);
  SharedPtr<Half> value_tile = shared_array<Half>(plane_bytes<kDim>(), Block::kHaloTokens * kDim);

  load_own<kDim>(key_tile, rows_of_block<const Half>(arguments.q), grid, place);
  load_own<kDim>(value_tile, rows_of_block<const Half>(arguments.d_o), grid, place);
  cp_async_commit();
  cp_async_wait<0>();
  syncthreads();
  std::uint32_t queries[kDim / 16][4], d_outputs[kDim / 16][4];
  own_fragments<kDim>(queries, key_tile);
  own_fragments<kDim>(d_outputs, value_tile);
  const ChannelFragments<kDim> by_channel(place);
  const TokenFragments<kDim> by_token(place);
  const LaneMask mask(grid, place);

  const float log2_scale = arguments.scale * kLog2E;
  float log2_sum[2], delta[2];
  OASIS_UNROLL
  for (int half = 0; half < 2; ++half) {
    const std::int64_t count = static_cast<std::int64_t>(grid.frames) * grid.rows * grid.cols;
    const std::int64_t token = place.token(grid, lane_slot(lane_index(), half));
    const std::int64_t index = place.head_in_batch * count + token;
    log2_sum[half] = token >= 0 ? arguments.lse[index] * kLog2E : 1e30F;
    delta[half] = token >= 0 ? arguments.delta[index] : 0.0F;
  }

  float d_queries[kDim / 8][4] = {};
  const int last = last_frame(place.frame, grid.frames);
  for (int frame = first_frame(place.frame); frame <= last; ++frame) {
    syncthreads();  // nobody reads the tiles any more
    load_halo<kDim>(key_tile, keys, grid, place, frame);
    load_halo<kDim>(value_tile, values, grid, place, frame);
    cp_async_commit();
    cp_async_wait<0>();
    syncthreads();
    if (!active) continue;
    OASIS_KEEP_LOOP
    for (int i = 0; i < kHalo; i += 2) {
      if (!mask.pair_inside(i)) continue;
      const int rows = i * halo_row_size<kDim>();
      float s[2][4] = {}, dp[2][4] = {};
      OASIS_UNROLL
      for (int r = 0; r < 2; ++r) {
        multiply_channels<kDim>(s[r], queries, key_tile + rows, by_channel, r);
        multiply_channels<kDim>(dp[r], d_outputs, value_tile + rows, by_channel, r);
        OASIS_UNROLL
        for (int x = 0; x < 4; ++x) {
          const float p = exp2_approx(s[r][x] * log2_scale - log2_sum[x / 2]);
          s[r][x] = mask.keeps(i + r, x / 2, x % 2) ? p * (dp[r][x] - delta[x / 2]) : 0.0F;
        }
      }
      std::uint32_t weights[4];
      pack_weights<Half>(weights, s[0], s[1]);
      multiply_tokens<kDim>(d_queries, weights, key_tile + rows, by_token);
    }
  }
  syncthreads();  // key_tile becomes the staging area
  if (!active) return;
  const float factor[2] = {arguments.scale, arguments.scale};
  store_own<kDim>(rows_of_block<Half>(arguments.dq), d_queries, factor, key_tile, grid, place);
}

template <class Half, int kDim>
void launch_dq(const WindowBackward& call, Stream stream) {
  const DqArguments arguments{
      grid_of(call.problem), call.q, call.k, call.v, call.d_o, call.lse, call.delta, call.dq,
      call.problem.scale};
  launch("window_dq", blocks_of(call.problem), Block::kThreads, 2 * plane_bytes<kDim>(), stream,
         window_dq_kernel<Half, kDim>, arguments);
}

}  // namespace

void window_paths::dq_mma(const WindowBackward& call, Stream stream) {
  with_half(call.problem.element, [&](auto type) {
    using Half = typename decltype(type)::Type;
    if (call.problem.head_dim == 64) return launch_dq<Half, 64>(call, stream);
    launch_dq<Half, 128>(call, stream);
  });
}

}  // namespace oasis::kernels
