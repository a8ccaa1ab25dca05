#include "orientation.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace oasis::media {
namespace {

/// -1, 0 or 1 for a 16.16 number near it; 2 for others.
int unit(std::int32_t fixed) {
  const double value = fixed / 65536.0;
  for (int candidate = -1; candidate <= 1; ++candidate) {
    if (std::abs(value - candidate) < 0.01) return candidate;
  }
  return 2;
}

}  // namespace

int Orientation::clockwise_degrees() const {
  if (a != 0) return a > 0 || d > 0 ? 0 : 180;
  return b > 0 ? 90 : 270;
}

bool parse_display_matrix(const std::int32_t* matrix, Orientation& orientation) {
  orientation = {};
  const Orientation parsed{unit(matrix[0]), unit(matrix[1]), unit(matrix[3]), unit(matrix[4])};
  const bool straight =
      parsed.b == 0 && parsed.c == 0 && std::abs(parsed.a) == 1 && std::abs(parsed.d) == 1;
  const bool turned =
      parsed.a == 0 && parsed.d == 0 && std::abs(parsed.b) == 1 && std::abs(parsed.c) == 1;
  if (!straight && !turned) return false;
  orientation = parsed;
  return true;
}

void turn_upright(const Orientation& orientation, Frame& frame, Frame& scratch) {
  if (orientation.identity()) return;
  const int width = frame.width, height = frame.height;
  const bool swap = orientation.swaps_axes();
  scratch.resize(swap ? height : width, swap ? width : height);
  scratch.pts = frame.pts;
  scratch.duration = frame.duration;
  // The matrix may send samples to negative places: the corner moves back to (0, 0).
  const std::ptrdiff_t column_step = orientation.a + orientation.b * scratch.width;
  const std::ptrdiff_t row_step = orientation.c + orientation.d * scratch.width;
  const int x0 = std::max({0, -orientation.a * (width - 1), -orientation.c * (height - 1)});
  const int y0 = std::max({0, -orientation.b * (width - 1), -orientation.d * (height - 1)});
  constexpr int block = 32;
  for (int channel = 0; channel < 3; ++channel) {
    const float* source = frame.plane(channel);
    float* target = scratch.plane(channel) + static_cast<std::ptrdiff_t>(y0) * scratch.width + x0;
    for (int yb = 0; yb < height; yb += block) {
      for (int xb = 0; xb < width; xb += block) {
        for (int y = yb; y < std::min(yb + block, height); ++y) {
          const float* row = source + static_cast<std::ptrdiff_t>(y) * width;
          for (int x = xb; x < std::min(xb + block, width); ++x) {
            target[y * row_step + x * column_step] = row[x];
          }
        }
      }
    }
  }
  std::swap(frame, scratch);
}

}  // namespace oasis::media
