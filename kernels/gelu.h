#pragma once

#include <cstdint>

#include "kernels/element.h"

namespace oasis::kernels {

/// out[i] = gelu(in[i]), the tanh form of Wan2.1: x / (1 + exp(-2 sqrt(2/pi) (x + 0.044715 x³))),
/// in fp32, rounded once. `in` and `out` hold `count` elements and may be the same array.
void gelu_tanh(Element element, const void* in, void* out, std::int64_t count, Stream stream);

}  // namespace oasis::kernels
