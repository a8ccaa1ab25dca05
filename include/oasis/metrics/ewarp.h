#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace oasis::metrics {

/// Which published way of measuring the warping error.
enum class EwarpMode {
  /// EvalCrafter `metrics/RAFT`, probably that of the VSR tables: half size, padded to multiples of
  /// 8 (padding counts), RAFT fed with [0, 1] pictures divided by 255 once more.
  evalcrafter,
  /// fast_blind_video_consistency (Lai et al., ECCV 2018): full size, divided by 3 channels.
  lai,
  /// Full size, correctly scaled flow input, squared RGB distance per valid pixel.
  clean,
};

/// "evalcrafter", "lai" or "clean"; anything else throws `oasis::Error`.
EwarpMode ewarp_mode_from(const std::string& name);

/// The pictures that a mode measures: frames `[N, 3, H, W]`, uint8 or float in [0, 1] -> float32 in
/// [0, 1]; `evalcrafter` takes 2x2 means, drops an odd last row and column and pads as RAFT does.
at::Tensor ewarp_pictures(const at::Tensor& frames, EwarpMode mode);

/// What a flow estimator is given for such pictures: [-1, 1], but `evalcrafter` 2 I / 255 - 1.
at::Tensor ewarp_flow_input(const at::Tensor& pictures, EwarpMode mode);

/// Where frame t is not seen in frame t+1: the two flows contradict each other, or the flow has an
/// edge. forward, backward `[N, 2, H, W]` in pixels; -> bool `[N, H, W]` on the grid of frame t.
at::Tensor ewarp_occlusion(const at::Tensor& forward, const at::Tensor& backward);

/// The error of some pairs of consecutive frames.
struct Ewarp {
  at::Tensor per_pair;  ///< [N] float64; 0 for a pair without a valid pixel
  at::Tensor occluded;  ///< [N, h, w] bool

  /// Mean over the pairs; NaN without pairs. Tables print E* = 1000 times this.
  double mean() const;
};

/// E_warp of pairs: frames `first`, `second` `[N, 3, H, W]`, uint8 or float in [0, 1], and their
/// flows `[N, 2, h, w]` on the grid of `ewarp_pictures`. Warps `second` to `first` by the forward
/// flow, edges repeated. Sums in float64. Throws `oasis::Error` where the shapes disagree.
Ewarp ewarp_pairs(const at::Tensor& first, const at::Tensor& second, const at::Tensor& forward,
                  const at::Tensor& backward, EwarpMode mode);

/// The same for a clip `[T, 3, H, W]` and the flows between its neighbours `[T-1, 2, h, w]`.
Ewarp ewarp(const at::Tensor& frames, const at::Tensor& forward, const at::Tensor& backward,
            EwarpMode mode);

}  // namespace oasis::metrics
