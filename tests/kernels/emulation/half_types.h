#pragma once

#include <cstdint>

/// 16-bit floating-point types of the host: storage, and conversions that round to nearest even.
namespace oasis::kernels {

struct Bf16 {
  std::uint16_t bits;
};

struct Fp16 {
  std::uint16_t bits;
};

namespace emulation {

float widen(Bf16 x);
float widen(Fp16 x);
Bf16 round_to_bf16(float x);
Fp16 round_to_fp16(float x);

}  // namespace emulation
}  // namespace oasis::kernels
