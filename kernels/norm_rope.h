#pragma once

#include <cstdint>

#include "kernels/element.h"

namespace oasis::kernels {

/// One tensor `[batch, tokens, channels]` to normalise: row r of batch * tokens rows starts
/// `r * stride` elements on, so that it may be a part of a packed qkv. In place if `out` is `in`.
struct NormRopeTensor {
  const void* in;
  std::int64_t in_stride;
  void* out;
  std::int64_t out_stride;
  const float* weight;  ///< `[channels]`
};

struct NormRopeShape {
  std::int64_t rows;    ///< batch * tokens
  std::int64_t tokens;  ///< of one sample
  int channels;         ///< 2 to 8192, a multiple of the head dim
  int head_dim;         ///< even
  float eps;
};

/// RMS norm over all channels, times weight, then rotary embedding of the channel pairs (2j, 2j+1)
/// of each head: x * (1 / sqrt(mean(x²) + eps)) * weight, turned by the token's rotations, all in
/// fp32 and rounded once. `rotations` holds (cos, sin) `[tokens, head_dim / 2, 2]`; null leaves out
/// the turn. `count` is 1 or 2 (q and k), of the same element type.
/// Throws std::runtime_error for shapes it cannot take.
void norm_rope(Element element, const NormRopeTensor* tensors, int count,
               const NormRopeShape& shape, const float* rotations, Stream stream);

}  // namespace oasis::kernels
