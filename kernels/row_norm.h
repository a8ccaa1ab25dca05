#pragma once

#include <device_intrinsics.h>

#include "kernels/row_threads.h"
#include "kernels/vector_access.h"

namespace oasis::kernels {

constexpr int kRowNormSharedBytes = 2 * kMaxWarps * 4;

/// Replaces the block's row by its layer norm, times `gain` plus `shift`. `values[item]` are the
/// thread's chunks; what lies beyond the row is left as it is. Uses kRowNormSharedBytes from byte
/// 0.
template <int chunk, int items>
OASIS_DEVICE void normalise_row(float (&values)[items][chunk], int channels, const float* gain,
                                const float* shift, float eps) {
  float sum = 0.0f;
  OASIS_UNROLL for (int item = 0; item < items; ++item) {
    if (chunk_channel<chunk>(item) >= channels) continue;
    OASIS_UNROLL for (float value : values[item]) sum += value;
  }
  const float mean =
      block_sum(sum, shared_array<float>(0, kMaxWarps)) / static_cast<float>(channels);
  float squares = 0.0f;
  OASIS_UNROLL for (int item = 0; item < items; ++item) {
    if (chunk_channel<chunk>(item) >= channels) continue;
    OASIS_UNROLL for (float value : values[item]) squares += (value - mean) * (value - mean);
  }
  const float variance = block_sum(squares, shared_array<float>(4 * kMaxWarps, kMaxWarps)) /
                         static_cast<float>(channels);
  const float inverse = 1.0f / sqrtf(variance + eps);
  OASIS_UNROLL for (int item = 0; item < items; ++item) {
    const int channel = chunk_channel<chunk>(item);
    if (channel >= channels) continue;
    float gains[chunk];
    float shifts[chunk];
    load_floats(gain + channel, gains);
    load_floats(shift + channel, shifts);
    OASIS_UNROLL for (int i = 0; i < chunk; ++i) {
      values[item][i] = (values[item][i] - mean) * inverse * gains[i] + shifts[i];
    }
  }
}

}  // namespace oasis::kernels
