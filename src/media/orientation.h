#pragma once

#include <cstdint>

#include "oasis/media/frame.h"

namespace oasis::media {

/// A display matrix of quarter turns and mirrors: display x = a * x + c * y, y = b * x + d * y,
/// each of a to d being -1, 0 or 1.
struct Orientation {
  int a = 1, b = 0, c = 0, d = 1;

  bool identity() const { return a == 1 && d == 1; }
  bool swaps_axes() const { return a == 0; }
  /// Clockwise turn in degrees, mirrors apart.
  int clockwise_degrees() const;
};

/// Reads the nine 16.16 numbers of a display matrix. False when it is not made of quarter turns and
/// mirrors; `orientation` is then the identity.
bool parse_display_matrix(const std::int32_t* matrix, Orientation& orientation);

/// Turns `frame` upright; `scratch` is working memory to reuse. Times stay.
void turn_upright(const Orientation& orientation, Frame& frame, Frame& scratch);

}  // namespace oasis::media
