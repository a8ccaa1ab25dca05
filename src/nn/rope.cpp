#include "oasis/nn/rope.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/complex.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/view_as_complex.h>
#include <ATen/ops/view_as_real.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <tuple>

#include "oasis/core/error.h"

namespace oasis::nn {
namespace {

constexpr double kTheta = 10000.0;
constexpr std::size_t kCachedGrids = 4;

/// Angles `[length, pairs]` of one axis, float64.
at::Tensor axis_angles(std::int64_t length, std::int64_t pairs) {
  const auto exponents = at::arange(pairs, at::kDouble) / static_cast<double>(pairs);
  const auto positions = at::arange(length, at::kDouble);
  return positions.unsqueeze(1) * at::pow(kTheta, -exponents).unsqueeze(0);
}

}  // namespace

at::Tensor rope_rotations(const TokenGrid& grid, std::int64_t head_dim, at::ScalarType dtype,
                          at::Device device) {
  if (head_dim <= 0 || head_dim % 2 != 0) {
    throw Error(fmt::format("rotary embedding needs an even head dim, not {}", head_dim));
  }
  const auto spatial = head_dim / 2 / 3;
  const auto temporal = head_dim / 2 - 2 * spatial;
  const auto [t, h, w] = std::tuple(grid.frames, grid.rows, grid.cols);
  const auto frames = axis_angles(t, temporal).view({t, 1, 1, temporal});
  const auto rows = axis_angles(h, spatial).view({1, h, 1, spatial});
  const auto cols = axis_angles(w, spatial).view({1, 1, w, spatial});
  const auto angles = at::cat({frames.expand({t, h, w, temporal}), rows.expand({t, h, w, spatial}),
                               cols.expand({t, h, w, spatial})},
                              3)
                          .view({grid.count(), 1, head_dim / 2});
  return at::complex(angles.cos().to(dtype), angles.sin().to(dtype)).to(device);
}

at::Tensor apply_rope(const at::Tensor& x, const at::Tensor& rotations) {
  auto pairs = at::view_as_complex(x.unflatten(-1, {x.size(-1) / 2, 2}));
  if (at::GradMode::is_enabled()) return at::view_as_real(pairs * rotations).flatten(-2);
  pairs.mul_(rotations);
  return x;
}

at::Tensor RopeCache::get(const TokenGrid& grid, at::ScalarType dtype, at::Device device) {
  const auto complex_dtype = at::toComplexType(dtype);
  for (const auto& [known, rotations] : entries_) {
    if (known == grid && rotations.scalar_type() == complex_dtype && rotations.device() == device) {
      return rotations;
    }
  }
  // A table first asked for during inference must still serve a later training step.
  const c10::InferenceMode ordinary_tensors(false);
  if (entries_.size() >= kCachedGrids) entries_.erase(entries_.begin());
  entries_.emplace_back(grid, rope_rotations(grid, head_dim_, dtype, device));
  return entries_.back().second;
}

}  // namespace oasis::nn
