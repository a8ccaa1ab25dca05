#pragma once

#include <algorithm>

#include "oasis/media/color_conversion.h"

namespace oasis::media {

template <typename Sample>
const Sample* row_of(const Plane& plane, int y) {
  return reinterpret_cast<const Sample*>(plane.data + plane.stride * y);
}
template <typename Sample>
Sample* mutable_row_of(const Plane& plane, int y) {
  return reinterpret_cast<Sample*>(plane.data + plane.stride * y);
}

/// Chroma samples along an axis of `luma` samples.
inline int chroma_extent(int luma, int log2_factor) {
  return (luma + (1 << log2_factor) - 1) >> log2_factor;
}

/// Samples before and behind a row that filters may touch.
constexpr int kMargin = 16;

/// Repeats the end samples of `row[0, count)` into the margins.
inline void extend_row(float* row, int count) {
  std::fill(row - kMargin, row, row[0]);
  std::fill(row + count, row + count + kMargin, row[count - 1]);
}

}  // namespace oasis::media
