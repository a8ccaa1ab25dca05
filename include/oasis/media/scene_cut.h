#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "oasis/media/frame.h"

namespace oasis::media {

/// Thresholds of `SceneCutDetector`. Differences are in [0, 1].
struct SceneCutSettings {
  double least_difference = 0.08;  ///< of pixels: less is never a cut
  double least_histogram = 0.15;  ///< of histograms: less is motion; ordinary clips stay below 0.08
  double over_recent = 2.5;       ///< times the mean of recent differences
  double flash_return = 0.5;      ///< a neighbour but one this much closer means a flash
};

/// Finds scene cuts in a stream, one frame late.
///
/// Each frame is averaged down to 32 x 18 cells of Y, Cb, Cr (BT.709 weights). Between two frames
/// the difference of pixels is the mean of |dY| + |dCb|/2 + |dCr|/2 over the cells; the difference
/// of histograms is half the sum of absolute differences of the cells' histograms, 16 bins of luma
/// and 8 of each chroma, linearly shared between bins, the larger of luma and mean chroma.
///
/// Frame t starts a scene when, against t - 1,
///  - the difference of pixels exceeds `least_difference` and `over_recent` times the mean of the
///  up
///    to 8 differences before it in the scene (steady fast motion raises that mean);
///  - the histograms differ by more than `least_histogram` (motion moves cells, but keeps most of
///    their colours);
///  - t + 1 is not close to t - 1, nor t to t - 2 (a flash comes back within one frame): closer
///    than `flash_return` times the difference in question.
/// A slow dissolve is no cut; nor is a fade.
class SceneCutDetector {
 public:
  explicit SceneCutDetector(const SceneCutSettings& settings = {}) : settings_(settings) {}

  /// Takes the next frame; says of the frame before it whether it starts a scene after a cut
  /// (nothing at the first call). The first frame of a video is not a cut.
  std::optional<bool> push(const Frame& frame);

  /// The video is over: the answer for the last frame, if there was any.
  std::optional<bool> finish();

 private:
  struct Look {
    std::vector<float> cells;          ///< Y, Cb, Cr planes
    std::array<double, 32> histogram;  ///< 16 luma, 8 Cb, 8 Cr; each part sums to 1
  };

  static Look look_at(const Frame& frame);
  static double pixel_difference(const Look& a, const Look& b);
  static double histogram_difference(const Look& a, const Look& b);
  /// Whether the frame at `index` of `looks_` starts a scene.
  bool decide(std::size_t index);

  SceneCutSettings settings_;
  std::deque<Look> looks_;     ///< at most t - 2, t - 1, t, t + 1
  std::deque<double> recent_;  ///< differences of the frames before t in this scene
};

}  // namespace oasis::media
