#include "chroma_filter.h"

#include <cmath>

namespace oasis::media {
namespace {

/// The cubic convolution kernel with a = -1/2; support (-2, 2).
double catmull_rom(double x) {
  x = std::abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return ((-0.5 * x + 2.5) * x - 4) * x + 2;
  return 0;
}

/// Drops zero weights at both ends and makes the sum 1.
ChromaTaps trimmed(int first, const std::vector<double>& weights) {
  std::size_t begin = 0, end = weights.size();
  while (begin + 1 < end && std::abs(weights[begin]) < 1e-12) ++begin;
  while (end > begin + 1 && std::abs(weights[end - 1]) < 1e-12) --end;
  double sum = 0;
  for (std::size_t k = begin; k < end; ++k) sum += weights[k];
  ChromaTaps taps;
  taps.first = first + static_cast<int>(begin);
  for (std::size_t k = begin; k < end; ++k) {
    taps.weights.push_back(static_cast<float>(weights[k] / sum));
  }
  return taps;
}

/// Where chroma sample 0 lies, in luma samples.
double origin(const ChromaAxis& axis) { return axis.centred ? (axis.factor - 1) / 2.0 : 0.0; }

}  // namespace

// Locations: 1 left, 2 centre, 3 top left, 4 top, 5 bottom left, 6 bottom. The bottom ones, which
// no codec in use writes, are treated like their vertically centred neighbours.
ChromaAxis horizontal_axis(int log2_factor, int chroma_location) {
  const bool centred = chroma_location == 2 || chroma_location == 4 || chroma_location == 6;
  return {1 << log2_factor, centred};
}

ChromaAxis vertical_axis(int log2_factor, int chroma_location) {
  const bool top = chroma_location == 3 || chroma_location == 4;
  return {1 << log2_factor, !top};
}

std::vector<ChromaTaps> upsampling_taps(const ChromaAxis& axis) {
  std::vector<ChromaTaps> phases;
  for (int phase = 0; phase < axis.factor; ++phase) {
    const double position = (phase - origin(axis)) / axis.factor;
    const int first = static_cast<int>(std::floor(position)) - 1;
    std::vector<double> weights;
    for (int k = 0; k < 4; ++k) weights.push_back(catmull_rom(position - (first + k)));
    phases.push_back(trimmed(first, weights));
  }
  return phases;
}

ChromaTaps downsampling_taps(const ChromaAxis& axis) {
  const int reach = 2 * axis.factor;
  const int first = -reach;
  std::vector<double> weights;
  for (int k = 0; k <= 2 * reach + axis.factor; ++k) {
    weights.push_back(catmull_rom((first + k - origin(axis)) / axis.factor));
  }
  return trimmed(first, weights);
}

}  // namespace oasis::media
