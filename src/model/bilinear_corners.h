#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace oasis::model {

/// The pixels between which a place lies, as offsets from the first of a picture, and their shares.
struct Corners {
  std::array<std::int64_t, 4> pixel;
  std::array<float, 4> share;
};

/// Of place (x, y) in a picture whose border is repeated.
inline Corners corners(float x, float y, std::int64_t rows, std::int64_t cols) {
  x = x > 0 ? std::min(x, static_cast<float>(cols - 1)) : 0.0F;
  y = y > 0 ? std::min(y, static_cast<float>(rows - 1)) : 0.0F;
  const auto left = static_cast<std::int64_t>(x);
  const auto top = static_cast<std::int64_t>(y);
  const std::int64_t right = std::min(left + 1, cols - 1);
  const std::int64_t bottom = std::min(top + 1, rows - 1);
  const float to_right = x - static_cast<float>(left);
  const float down = y - static_cast<float>(top);
  return {
      {top * cols + left, top * cols + right, bottom * cols + left, bottom * cols + right},
      {(1 - to_right) * (1 - down), to_right * (1 - down), (1 - to_right) * down, to_right * down}};
}

}  // namespace oasis::model
