#pragma once

#include <vector>

#include "eval/meter.h"

namespace oasis::eval {

/// Colour shift at a sixteenth of the size: the CIE 1976 difference of the means of blocks of 16x16
/// pixels. The curve is each frame's mean over its blocks; the scores are the curve's mean, its
/// largest value, and the largest block of the clip.
class ColourShiftMeter : public Meter {
 public:
  explicit ColourShiftMeter(int decimals) : decimals_(decimals) {}

  void add(const FramePair& pair) override;
  void finish(ClipResult& result) override;

 private:
  int decimals_;
  double largest_ = 0;  // of all blocks
  std::vector<double> means_;
};

}  // namespace oasis::eval
