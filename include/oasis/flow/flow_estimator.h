#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace oasis::flow {

/// The flows between neighbouring frames of one clip, in pixels, channels (dx, dy).
struct ClipFlows {
  at::Tensor forward;   ///< [T-1, 2, H, W]; entry t: frame t to t+1, on the grid of frame t
  at::Tensor backward;  ///< [T-1, 2, H, W]; entry t: frame t+1 to t, on the grid of frame t+1
};

/// Estimates optical flow; frozen, without gradients.
class FlowEstimator {
 public:
  virtual ~FlowEstimator() = default;

  /// clip `[T, 3, H, W]` in [-1, 1], T >= 2 -> both flows in float32, on the clip's device. Throws
  /// `oasis::Error` if the frames are smaller than the method can take.
  virtual ClipFlows estimate(const at::Tensor& clip) = 0;

  /// What reports print: "RAFT, 20 iterations" or "DIS".
  virtual std::string description() const = 0;
};

}  // namespace oasis::flow
