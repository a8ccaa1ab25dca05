#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "oasis/eval/results.h"

namespace oasis::eval {

/// One frame of both clips, `[3, H, W]` each and of one size, uint8 or float32 in [0, 1].
struct FramePair {
  std::int64_t index = 0;
  at::Tensor output;
  at::Tensor reference;  ///< undefined: there is none
};

/// Takes in a clip frame by frame and writes its scores and curves; keeps no more than a fixed
/// number of frames.
class Meter {
 public:
  virtual ~Meter() = default;

  /// The next frame. Throws `oasis::Error` if the metric cannot be had of this clip.
  virtual void add(const FramePair& pair) = 0;
  /// Once, after the last frame.
  virtual void finish(ClipResult& result) = 0;
};

}  // namespace oasis::eval
