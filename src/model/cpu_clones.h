#pragma once

#include <bit>
#include <cstdint>

// Loops that are written for the compiler's vectoriser; the clones let one program use the widest
// registers of the machine that it runs on. Sanitizers do not go with clones.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define OASIS_CPU_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define OASIS_CPU_CLONES
#endif

namespace oasis::model {

/// A bf16 value, given by its bits, as float.
inline float widened(std::uint16_t x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16);
}

/// The bits of the nearest bf16 value, ties to even. x is finite or NaN.
inline std::uint16_t narrowed(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  return static_cast<std::uint16_t>(x == x ? rounded : 0x7FC0U);
}

}  // namespace oasis::model
