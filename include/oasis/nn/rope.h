#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "oasis/core/token_grid.h"

/// Rotary position embedding over the three axes of a token grid, as in Wan2.1.
namespace oasis::nn {

/// The rotations of all tokens: exp(i * angle), `[N, 1, head_dim / 2]`, complex. The pairs of a
/// head are split into frames, rows, columns as (c - 2 floor(c / 3), floor(c / 3), floor(c / 3))
/// with c = head_dim / 2; pair j of an axis with n channels turns by position * 10000^(-2j / n).
/// Angles are taken in float64; `dtype` kFloat gives complex64, kDouble complex128.
/// Throws `oasis::Error` for an odd head dim.
at::Tensor rope_rotations(const TokenGrid& grid, std::int64_t head_dim, at::ScalarType dtype,
                          at::Device device);

/// Turns the channel pairs (2j, 2j + 1) of x `[B, N, heads, head_dim]`, float32 or float64 as the
/// rotations are. Where no gradient is recorded it works in place.
at::Tensor apply_rope(const at::Tensor& x, const at::Tensor& rotations);

/// Keeps the rotations of the grids used last. Not for use by several threads at once.
class RopeCache {
 public:
  explicit RopeCache(std::int64_t head_dim) : head_dim_(head_dim) {}

  at::Tensor get(const TokenGrid& grid, at::ScalarType dtype, at::Device device);

 private:
  std::int64_t head_dim_;
  std::vector<std::pair<TokenGrid, at::Tensor>> entries_;  ///< oldest first
};

}  // namespace oasis::nn
