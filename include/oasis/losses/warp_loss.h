#pragma once

#include <ATen/core/Tensor.h>

#include "oasis/flow/warp.h"

namespace oasis::losses {

/// How the pairs of frames are added.
enum class PairReduction {
  sum_pairs,   ///< eq. 10: the sum over pairs of the mean over pixels
  mean_pairs,  ///< that divided by 2 (T - 1)
};

/// Which pixels count.
enum class OcclusionMask {
  none,              ///< all (the paper)
  forward_backward,  ///< where the flow and the opposite flow cancel
};

struct WarpLossOptions {
  flow::WarpPadding padding = flow::WarpPadding::border;
  PairReduction reduction = PairReduction::sum_pairs;
  OcclusionMask occlusion = OcclusionMask::none;
};

/// The temporal loss of eq. 10: each frame, warped to its neighbour by the flow of the ground
/// truth, against that neighbour, in both directions. pred `[B, 3, T, H, W]`; flow_forward and
/// flow_backward `[B, T-1, 2, H, W]`: entry t goes from frame t to t+1, and from t+1 to t. Scalar;
/// zero for T = 1 (the flows may then be undefined). No gradient reaches the flows or the mask.
at::Tensor warp_loss(const at::Tensor& pred, const at::Tensor& flow_forward,
                     const at::Tensor& flow_backward, const WarpLossOptions& options = {});

/// Where a flow is consistent with the opposite one: |f + w|^2 < 0.01 (|f|^2 + |w|^2) + 0.5, w the
/// opposite flow warped (zeros outside). flow, opposite `[N, 2, H, W]` -> bool `[N, 1, H, W]`.
at::Tensor consistent_flow(const at::Tensor& flow, const at::Tensor& opposite);

}  // namespace oasis::losses
