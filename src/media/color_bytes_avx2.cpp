#include "color_bytes_row.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#include <algorithm>
#include <bit>

namespace oasis::media {
namespace {

/// 1 / scale in two parts: the product of the first with a difference of 8-bit codes is exact, so
/// that the sum of both products is the quotient rounded to nearest, as a division gives it.
struct Reciprocal {
  float high, low;
};

constexpr Reciprocal reciprocal_of(float scale) {
  const double exact = 1.0 / static_cast<double>(scale);
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(exact));
  const float high = std::bit_cast<float>(bits & 0xfffffe00U);
  return {high, static_cast<float>(exact - static_cast<double>(high))};
}

constexpr bool divides(float offset, float scale) {
  const Reciprocal reciprocal = reciprocal_of(scale);
  for (int code = 0; code < 256; ++code) {
    const float value = static_cast<float>(code) - offset;
    if (value * reciprocal.high + value * reciprocal.low != value / scale) return false;
  }
  return true;
}
static_assert(divides(16, 219) && divides(0, 255));

#define OASIS_AVX2 __attribute__((target("avx2")))

struct Eights {
  __m256i red[4], green[4], blue[4];
};

/// 255 * value + 1/2 without its fraction; packing clamps.
OASIS_AVX2 inline __m256i code_of(__m256 value) {
  return _mm256_cvttps_epi32(
      _mm256_add_ps(_mm256_mul_ps(value, _mm256_set1_ps(255.0f)), _mm256_set1_ps(0.5f)));
}

OASIS_AVX2 inline __m256i packed(const __m256i* codes) {
  const __m256i low = _mm256_packs_epi32(codes[0], codes[1]);
  const __m256i high = _mm256_packs_epi32(codes[2], codes[3]);
  const __m256i mixed = _mm256_packus_epi16(low, high);
  return _mm256_permutevar8x32_epi32(mixed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

OASIS_AVX2 void mix(const ByteRow& row, const Matrix& m, const Quantisation& q) {
  const Reciprocal reciprocal = reciprocal_of(q.luma_scale);
  const __m256 offset = _mm256_set1_ps(q.luma_offset);
  const __m256 high = _mm256_set1_ps(reciprocal.high), low = _mm256_set1_ps(reciprocal.low);
  const __m256 r_from_cr = _mm256_set1_ps(m.r_from_cr), g_from_cb = _mm256_set1_ps(m.g_from_cb);
  const __m256 g_from_cr = _mm256_set1_ps(m.g_from_cr), b_from_cb = _mm256_set1_ps(m.b_from_cb);
  for (int begin = 0; begin < row.width; begin += 32) {
    const int x = std::min(begin, row.width - 32);  // the last ones may be done twice
    Eights codes;
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const int at = x + 8 * i;
      const __m128i eight = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(row.luma + at));
      const __m256 value = _mm256_sub_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(eight)), offset);
      const __m256 luma = _mm256_add_ps(_mm256_mul_ps(value, high), _mm256_mul_ps(value, low));
      const __m256 cb = _mm256_loadu_ps(row.cb + at), cr = _mm256_loadu_ps(row.cr + at);
      codes.red[i] = code_of(_mm256_add_ps(luma, _mm256_mul_ps(r_from_cr, cr)));
      codes.green[i] = code_of(_mm256_add_ps(_mm256_add_ps(luma, _mm256_mul_ps(g_from_cb, cb)),
                                             _mm256_mul_ps(g_from_cr, cr)));
      codes.blue[i] = code_of(_mm256_add_ps(luma, _mm256_mul_ps(b_from_cb, cb)));
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(row.red + x), packed(codes.red));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(row.green + x), packed(codes.green));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(row.blue + x), packed(codes.blue));
  }
}

}  // namespace

bool mix_row_avx2(const ByteRow& row, const Matrix& m, const Quantisation& q) {
  if (row.width < 32 || !__builtin_cpu_supports("avx2")) return false;
  mix(row, m, q);
  return true;
}

}  // namespace oasis::media

#else

namespace oasis::media {

bool mix_row_avx2(const ByteRow&, const Matrix&, const Quantisation&) { return false; }

}  // namespace oasis::media

#endif
