#pragma once

#include <cmath>
#include <numbers>
#include <opencv2/core.hpp>

#include "oasis/degrade/frames.h"

namespace oasis::degrade {

/// The test clip of `degradations.md` section 9: sixteen drifting waves, CV_8UC3.
inline Frames make_test_clip(int frames, int height, int width) {
  Frames clip;
  for (int t = 0; t < frames; ++t) {
    cv::Mat_<cv::Vec3d> sum(height, width, cv::Vec3d::all(128));
    for (int k = 1; k <= 16; ++k) {
      const double angle = 2.399963 * k, size = 60 * std::pow(0.8, k - 1);
      const double rate = 2 * std::numbers::pi * 0.004 * std::pow(1.35, k - 1);
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          const double way = (x + 1.5 * t) * std::cos(angle) + (y + 0.5 * t) * std::sin(angle);
          const double phase = rate * way + k * k;
          for (int c = 0; c < 3; ++c) sum(y, x)[c] += size * std::sin(phase + 2 * c);
        }
      }
    }
    clip.push_back(quantise(sum));
  }
  return clip;
}

}  // namespace oasis::degrade
