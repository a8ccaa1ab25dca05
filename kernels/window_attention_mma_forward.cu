// Window attention forward on tensor cores: one pass over the frames within reach with a running
// maximum, keys and values of a frame's halo in shared memory. While a block works on the scores
// its values arrive, while it works on the output the next frame's keys.

#include <device_intrinsics.h>

#include "kernels/window_attention_mma_softmax.cuh"
#include "kernels/window_attention_paths.h"

namespace oasis::kernels {
namespace {

using namespace window_tile;

struct ForwardArguments {
  Grid grid;
  TokenView q, k, v;
  MutableTokenView o;
  float* lse;
  float scale;
  float log2_scale;  ///< scale * log2(e)
};

template <class Half, int kDim>
OASIS_KERNEL(Block::kThreads, 3)
void window_forward_kernel(ForwardArguments arguments) {
  const Grid grid = arguments.grid;
  const Place place = place_of_block(grid);
  const bool active = place.active(grid);
  const Rows<const Half> keys = rows_of_block<const Half>(arguments.k);
  const Rows<const Half> values = rows_of_block<const Half>(arguments.v);
  SharedPtr<Half> key_tile = shared_array<Half>(0, Block::kHaloTokens * kDim);
  SharedPtr<Half> value_tile = shared_array<Half>(plane_bytes<kDim>(), Block::kHaloTokens * kDim);
  const int first = first_frame(place.frame);
  const int last = last_frame(place.frame, grid.frames);

  load_own<kDim>(value_tile, rows_of_block<const Half>(arguments.q), grid, place);
  load_halo<kDim>(key_tile, keys, grid, place, first);
  cp_async_commit();
  cp_async_wait<0>();
  syncthreads();
  std::uint32_t queries[kDim / 16][4];
  own_fragments<kDim>(queries, value_tile);
  const ChannelFragments<kDim> key_fragments(place);
  const TokenFragments<kDim> value_fragments(place);
  const LaneMask mask(grid, place);

  RunningSoftmax softmax;
  float output[kDim / 8][4] = {};
  for (int frame = first; frame <= last; ++frame) {
    if (frame > first) cp_async_wait<0>();
    syncthreads();  // the keys are there, nobody reads value_tile any more
    load_halo<kDim>(value_tile, values, grid, place, frame);
    cp_async_commit();
    float s[kHalo][4];
    if (active) multiply_keys<kDim>(s, 0, queries, key_tile, key_fragments, mask);
    cp_async_wait<0>();
    syncthreads();  // the values are there, nobody reads key_tile any more
    if (frame < last) {
      load_halo<kDim>(key_tile, keys, grid, place, frame + 1);
      cp_async_commit();
    }
    if (active) {
      multiply_values<kDim>(output, s, 0, softmax, mask, arguments.log2_scale, value_tile,
                            value_fragments);
    }
  }
  if (!active) return;
  float factor[2];
  finish_rows(softmax, factor, arguments.lse, arguments.scale, grid, place);
  store_own<kDim>(rows_of_block<Half>(arguments.o), output, factor, key_tile, grid, place);
}

template <class Half, int kDim>
void launch_forward(const WindowForward& call, Stream stream) {
  const ForwardArguments arguments{
      grid_of(call.problem),      call.q, call.k, call.v, call.o, call.lse, call.problem.scale,
      call.problem.scale * kLog2E};
  launch("window_forward", blocks_of(call.problem), Block::kThreads, 2 * plane_bytes<kDim>(),
         stream, window_forward_kernel<Half, kDim>, arguments);
}

}  // namespace

void window_paths::forward_mma(const WindowForward& call, Stream stream) {
  with_half(call.problem.element, [&](auto type) {
    using Half = typename decltype(type)::Type;
    if (call.problem.head_dim == 64) return launch_forward<Half, 64>(call, stream);
    launch_forward<Half, 128>(call, stream);
  });
}

}  // namespace oasis::kernels
