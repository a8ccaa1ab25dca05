#pragma once

#include <array>
#include <vector>

#include "eval/meter.h"

namespace oasis::eval {

/// How far the mean colour wanders over the clip: per channel the difference of the output's and
/// the reference's mean (without a reference the output's mean) is fitted by a straight line over
/// the frames; the score is the length of that line's change from the first to the last frame, in
/// code values. The curve is each frame's distance from the first one.
class DriftMeter : public Meter {
 public:
  explicit DriftMeter(int decimals) : decimals_(decimals) {}

  void add(const FramePair& pair) override;
  void finish(ClipResult& result) override;

 private:
  int decimals_;
  std::vector<std::array<double, 3>> means_;
};

}  // namespace oasis::eval
