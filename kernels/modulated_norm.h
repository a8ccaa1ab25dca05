#pragma once

#include <cstdint>

#include "kernels/element.h"

namespace oasis::kernels {

/// Rows of `channels` (1 to 8192) contiguous elements; row r starts `r * stride` elements on.
struct NormRows {
  Element element;
  const void* data;
  std::int64_t stride;
};

/// out[r, c] = (x[r, c] - mean) / sqrt(variance + eps) * gain[c] + shift[c], mean and biased
/// variance over the row's channels, all in fp32 with the variance taken about the mean, rounded
/// once. With gain = 1 + scale it is the modulated norm of a DiT block, with weights an affine
/// LayerNorm. `gain` and `shift` are `[channels]`; `out` is `[rows, channels]` of `out_element`,
/// 16-bit or fp32. Throws std::runtime_error for too many channels.
void modulated_norm(const NormRows& x, std::int64_t rows, int channels, const float* gain,
                    const float* shift, float eps, Element out_element, void* out, Stream stream);

}  // namespace oasis::kernels
