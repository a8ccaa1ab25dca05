#pragma once

#include <vector>

namespace oasis::media {

/// Along one axis: how luma sample positions lie among chroma samples that are `factor` times
/// fewer. `centred`: a chroma sample sits between the luma samples it serves; else on the first of
/// them.
struct ChromaAxis {
  int factor = 1;
  bool centred = false;
};

/// Axis settings for a location of H.273 / `VideoInfo::chroma_location` (0 is taken for left).
ChromaAxis horizontal_axis(int log2_factor, int chroma_location);
ChromaAxis vertical_axis(int log2_factor, int chroma_location);

/// A short filter: `weights[k]` applies to sample `first + k`. Weights sum to 1.
struct ChromaTaps {
  int first = 0;
  std::vector<float> weights;
};

/// One filter per phase: luma sample `i * factor + phase` from chroma samples `i + first + k`.
/// Catmull-Rom, 4 taps (1 where the positions coincide).
std::vector<ChromaTaps> upsampling_taps(const ChromaAxis& axis);

/// Chroma sample `i` from luma-spaced samples `i * factor + first + k`: the Catmull-Rom kernel
/// stretched by `factor`, which takes out what the thinned-out grid cannot hold.
ChromaTaps downsampling_taps(const ChromaAxis& axis);

}  // namespace oasis::media
