#pragma once

#include <device_intrinsics.h>

#include <cmath>

#include "kernels/window_attention_mma_tiles.cuh"

namespace oasis::kernels::window_tile {

/// Running softmax of the two own rows that a lane holds parts of.
struct RunningSoftmax {
  float top[2] = {-1e30F, -1e30F};  ///< largest logit, unscaled; finite, so that no NaN arises
  float sum[2] = {0.0F, 0.0F};      ///< the lane's part of the sum of exp(scaled logit - top)

  /// Turns the logits of halo rows `first`.. into weights; `rescale` is the factor for what was
  /// summed before, `log2_scale` the scale times log2(e).
  template <int kRows>
  OASIS_DEVICE void add(float (&s)[kRows][4], int first, const LaneMask& mask, float log2_scale,
                        float (&rescale)[2]) {
    OASIS_UNROLL
    for (int half = 0; half < 2; ++half) {
      float highest = top[half];
      OASIS_UNROLL
      for (int i = 0; i < kRows; ++i) {
        OASIS_UNROLL
        for (int e = 0; e < 2; ++e) {
          float& logit = s[i][2 * half + e];
          logit = mask.keeps(first + i, half, e) ? logit : -INFINITY;
          highest = fmaxf(highest, logit);
        }
      }
      highest = fmaxf(highest, shfl_xor(highest, 1));
      highest = fmaxf(highest, shfl_xor(highest, 2));
      rescale[half] = exp2_approx((top[half] - highest) * log2_scale);
      top[half] = highest;
      float row_sum = 0.0F;
      OASIS_UNROLL
      for (int i = 0; i < kRows; ++i) {
        OASIS_UNROLL
        for (int e = 0; e < 2; ++e) {
          float& weight = s[i][2 * half + e];
          weight = exp2_approx(weight * log2_scale - highest * log2_scale);
          row_sum += weight;
        }
      }
      sum[half] = sum[half] * rescale[half] + row_sum;
    }
  }

  /// Joins the parts of the four lanes that share the rows.
  OASIS_DEVICE void finish() {
    OASIS_UNROLL
    for (int half = 0; half < 2; ++half) {
      sum[half] += shfl_xor(sum[half], 1);
      sum[half] += shfl_xor(sum[half], 2);
    }
  }
};

/// Scores of the own queries with halo rows `first` (even) and on.
template <int kDim, int kRows, class Half>
OASIS_DEVICE void multiply_keys(float (&s)[kRows][4], int first,
                                const std::uint32_t (&queries)[kDim / 16][4],
                                SharedPtr<Half> key_tile, const ChannelFragments<kDim>& fragments,
                                const LaneMask& mask) {
  OASIS_UNROLL
  for (int i = 0; i < kRows; ++i) {
    OASIS_UNROLL
    for (int x = 0; x < 4; ++x) s[i][x] = 0.0F;
    if (mask.row_inside(first + i)) {
      multiply_channels<kDim>(s[i], queries, key_tile, fragments, first + i);
    }
  }
}

/// Turns those scores into weights and adds the values of the same halo rows to the output.
template <int kDim, int kRows, class Half>
OASIS_DEVICE void multiply_values(float (&output)[kDim / 8][4], float (&s)[kRows][4], int first,
                                  RunningSoftmax& softmax, const LaneMask& mask, float log2_scale,
                                  SharedPtr<Half> value_tile,
                                  const TokenFragments<kDim>& fragments) {
  float rescale[2];
  softmax.add(s, first, mask, log2_scale, rescale);
  OASIS_UNROLL
  for (int n = 0; n < kDim / 8; ++n) {
    OASIS_UNROLL
    for (int e = 0; e < 4; ++e) output[n][e] *= rescale[e / 2];
  }
  OASIS_UNROLL
  for (int i = 0; i < kRows; i += 2) {
    std::uint32_t weights[4];
    pack_weights<Half>(weights, s[i], s[i + 1]);
    if (mask.pair_inside(first + i)) {
      multiply_tokens<kDim>(output, weights, value_tile + (first + i) * halo_row_size<kDim>(),
                            fragments);
    }
  }
}

/// What the sums of a lane's two rows are to be multiplied with; writes their lse unless null.
OASIS_DEVICE void finish_rows(RunningSoftmax& softmax, float (&factor)[2], float* lse, float scale,
                              const Grid& grid, const Place& place) {
  softmax.finish();
  OASIS_UNROLL
  for (int half = 0; half < 2; ++half) {
    const float sum = softmax.sum[half];
    factor[half] = sum > 0.0F ? 1.0F / sum : 0.0F;  // a token past the border has seen nothing
    const std::int64_t token = place.token(grid, lane_slot(lane_index(), half));
    if (lse != nullptr && token >= 0 && lane_index() % 4 == 0) {
      const std::int64_t count = static_cast<std::int64_t>(grid.frames) * grid.rows * grid.cols;
      lse[place.head_in_batch * count + token] = softmax.top[half] * scale + logf(sum);
    }
  }
}

}  // namespace oasis::kernels::window_tile
