#include "half_types.h"

#include <bit>
#include <cmath>

namespace oasis::kernels::emulation {
namespace {

constexpr std::uint32_t kSign = 0x80000000u;
constexpr float kFp16Overflow = 65520.0f;  ///< rounds to infinity from here on
constexpr int kFp16SmallestExponent = -14;
constexpr int kFp16Fraction = 10;

}  // namespace

float widen(Bf16 x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16); }

Bf16 round_to_bf16(float x) {
  if (std::isnan(x)) return {0x7fff};
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return {static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

float widen(Fp16 x) {
  const int exponent = (x.bits >> kFp16Fraction) & 31;
  const int fraction = x.bits & 1023;
  const float sign = (x.bits & 0x8000) != 0 ? -1.0f : 1.0f;
  if (exponent == 31) return fraction != 0 ? NAN : sign * INFINITY;
  const int significand = exponent == 0 ? fraction : fraction + 1024;
  const int scale = (exponent == 0 ? 1 : exponent) - 15 - kFp16Fraction;
  return sign * std::ldexp(static_cast<float>(significand), scale);
}

Fp16 round_to_fp16(float x) {
  if (std::isnan(x)) return {0x7fff};
  const auto sign = static_cast<std::uint16_t>((std::bit_cast<std::uint32_t>(x) & kSign) >> 16);
  const float magnitude = std::fabs(x);
  if (magnitude >= kFp16Overflow) return {static_cast<std::uint16_t>(sign | 0x7c00)};
  int exponent = kFp16SmallestExponent;
  if (magnitude >= std::ldexp(1.0f, kFp16SmallestExponent)) exponent = std::ilogb(magnitude);
  // Units of the last place; nearbyint rounds to even. A carry moves into the exponent by itself.
  const float units = std::nearbyint(std::ldexp(magnitude, kFp16Fraction - exponent));
  const int biased =
      exponent - kFp16SmallestExponent;  // 0 also for denormals: no implicit bit then
  const int bits = biased * 1024 + static_cast<int>(units);
  return {static_cast<std::uint16_t>(sign | bits)};
}

}  // namespace oasis::kernels::emulation
