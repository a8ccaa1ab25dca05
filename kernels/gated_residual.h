#pragma once

#include <cstdint>

#include "kernels/element.h"

namespace oasis::kernels {

/// The layer norm that follows a residual: gain and shift `[channels]`, result `[rows, channels]`.
struct FollowingNorm {
  const float* gain;
  const float* shift;
  float eps;
  Element element;
  void* out;
};

/// x[r, c] += gate[c] * y[r, c], in fp32, rounded once to the type of x; `gate` null adds y itself.
/// x and y are `[rows, channels]`, channels 1 to 8192, y fp32 or 16-bit. With `norm` the layer norm
/// of the new (rounded) x is written in the same pass. Throws std::runtime_error for too many
/// channels.
void gated_residual(Element x_element, void* x, Element y_element, const void* y, const float* gate,
                    std::int64_t rows, int channels, const FollowingNorm* norm, Stream stream);

}  // namespace oasis::kernels
