#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "oasis/nn/rms_norm.h"

namespace oasis::nn {

struct QueriesKeys {
  at::Tensor q;
  at::Tensor k;
};

/// Queries and keys `[B, N, channels]` as they enter the softmax, `[B, N, heads, head_dim]` in
/// their own dtype: RMS norm over all channels, its weight, then the rotations of `rope_rotations`,
/// all in float32 (float64 for float64) and rounded once. Where no gradient is recorded it may work
/// in place; CUDA tensors then take one kernel for both.
QueriesKeys norm_rope(const at::Tensor& q, const at::Tensor& k, const RmsNorm& norm_q,
                      const RmsNorm& norm_k, std::int64_t heads, const at::Tensor& rotations);

}  // namespace oasis::nn
