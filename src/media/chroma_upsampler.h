#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "chroma_filter.h"
#include "color_matrix.h"

namespace oasis::media {

/// Interpolates rows of one chroma plane at luma resolution. `Sample`: `uint8_t` or `uint16_t`.
template <typename Sample>
class ChromaUpsampler {
 public:
  ChromaUpsampler(const PlanarPicture& picture, const Plane& plane, const Quantisation& q);

  /// Writes `width` values, rounded up to the horizontal factor, for luma row `y`.
  void row(int y, float* out);

 private:
  static constexpr std::size_t kHeldRows = 4;

  /// Values of a chroma row in codes around 0. Valid while no more than the next three are asked
  /// for.
  const float* centred(int source);
  void mix_down(int y, float* mixed);
  void interpolate_doubled(const float* mixed, float* out) const;
  void interpolate(std::size_t phase, const float* mixed, float* out);

  Plane plane_;
  float offset_, scale_;
  int columns_, rows_;
  std::vector<ChromaTaps> vertical_, horizontal_;
  std::array<int, kHeldRows> held_;  ///< rows in `centred_`
  std::vector<float> centred_, mixed_, row_;
};

extern template class ChromaUpsampler<std::uint8_t>;
extern template class ChromaUpsampler<std::uint16_t>;

}  // namespace oasis::media
