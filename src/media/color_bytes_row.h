#pragma once

#include <cstdint>

#include "color_matrix.h"

namespace oasis::media {

/// A row of Y'CbCr to become R, G, B of 8 bits: luma as codes, chroma as values at luma resolution.
/// Nothing overlaps.
struct ByteRow {
  const std::uint8_t* luma;
  const float* cb;
  const float* cr;
  std::uint8_t* red;
  std::uint8_t* green;
  std::uint8_t* blue;
  int width;
};

/// Converts a row, to the bit as plain code without fused products does. False, and nothing done,
/// for rows shorter than 32 and on processors without AVX2. For codes of 8 bits, whose scale of
/// luma is 219 or 255.
bool mix_row_avx2(const ByteRow& row, const Matrix& m, const Quantisation& q);

}  // namespace oasis::media
