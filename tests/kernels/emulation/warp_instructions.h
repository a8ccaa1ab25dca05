#pragma once

#include <array>
#include <cstdint>

#include "block_run.h"
#include "shared_pointer.h"

/// What the lanes of a warp compute together; called once per warp, when all lanes have arrived.
namespace oasis::kernels::emulation {

using Lanes = std::array<void*, kWarpSize>;

/// d += a * b of one lane's fragments (PTX ISA, mma.m16n8k16).
struct MmaOperands {
  float* d;
  const std::uint32_t* a;
  std::uint32_t b[2];
};

/// `Half` is Bf16 or Fp16. Products are exact, added in fp32 in the order of k.
template <class Half>
void complete_mma(const Lanes& lanes);

struct LdmatrixOperands {
  std::uint32_t* registers;
  Extent extent;
  int row;  ///< byte offset of the row this lane names
  Location where;
};

void complete_ldmatrix_x4(const Lanes& lanes);
void complete_ldmatrix_x4_trans(const Lanes& lanes);

}  // namespace oasis::kernels::emulation
