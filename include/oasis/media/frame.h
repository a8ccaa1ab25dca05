#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace oasis::media {

/// One picture, upright, with its time.
///
/// `rgb` holds the planes R, G, B one after the other, `[3, height, width]`, non-linear (gamma
/// coded) values of full range: 0 is black, 1 is white. Values are not clamped: a Y'CbCr source has
/// colours outside the RGB cube, and they survive the way from reader to writer.
struct Frame {
  int width = 0;
  int height = 0;
  std::vector<float> rgb;
  std::int64_t pts = 0;       ///< time of display in the reader's time base
  std::int64_t duration = 0;  ///< in the reader's time base; 0 when unknown

  /// Sets the size and makes `rgb` as long as it needs; contents are unspecified afterwards.
  void resize(int new_width, int new_height) {
    width = new_width;
    height = new_height;
    rgb.resize(3 * plane_size());
  }

  std::size_t plane_size() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  }

  /// Plane 0 (R), 1 (G) or 2 (B): `[height, width]`.
  float* plane(int channel) {
    return rgb.data() + static_cast<std::size_t>(channel) * plane_size();
  }
  const float* plane(int channel) const {
    return rgb.data() + static_cast<std::size_t>(channel) * plane_size();
  }
};

}  // namespace oasis::media
