#pragma once

#include <device_intrinsics.h>

/// How a block works on one row of channels: every thread holds 8 of them, in chunks of `chunk`
/// neighbours (8 when the addresses allow it, else fewer).
namespace oasis::kernels {

constexpr int kChannelsPerThread = 8;
constexpr int kMaxRowThreads = 1024;
constexpr int kMaxRowChannels = kChannelsPerThread * kMaxRowThreads;
constexpr int kMaxWarps = kMaxRowThreads / 32;

/// Threads of a block for rows of `channels`: whole warps. Throws std::runtime_error beyond 8192.
inline int row_threads(int channels) {
  if (channels <= 0 || channels > kMaxRowChannels) {
    throw std::runtime_error("a row kernel takes 1 to " + std::to_string(kMaxRowChannels) +
                             " channels, not " + std::to_string(channels));
  }
  const int threads = (channels + kChannelsPerThread - 1) / kChannelsPerThread;
  return (threads + 31) / 32 * 32;
}

/// First channel of the thread's chunk `item`; it may lie beyond the row.
template <int chunk>
OASIS_DEVICE int chunk_channel(int item) {
  return (item * thread_count() + thread_index()) * chunk;
}

/// Sum over the block, the same bits for every thread and in every order of the warps. `partials`
/// holds a float per warp and belongs to this sum alone until the next barrier.
OASIS_DEVICE float block_sum(float value, const SharedPtr<float>& partials) {
  OASIS_UNROLL for (int mask = 16; mask > 0; mask /= 2) value += shfl_xor(value, mask);
  if (lane_index() == 0) partials[warp_index()] = value;
  syncthreads();
  float sum = 0.0f;
  for (int warp = 0; warp < thread_count() / 32; ++warp) sum += partials[warp];
  return sum;
}

}  // namespace oasis::kernels
