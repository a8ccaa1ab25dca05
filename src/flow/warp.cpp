#include "oasis/flow/warp.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>

#include "oasis/core/error.h"

namespace oasis::flow {
namespace {

constexpr std::int64_t kBilinear = 0;
constexpr std::int64_t kBicubic = 2;
constexpr std::int64_t kZeros = 0;
constexpr std::int64_t kBorder = 1;

// Positions along one axis of `size` pixels to grid_sampler's [-1, 1].
at::Tensor normalise(const at::Tensor& position, std::int64_t size) {
  return position * (2.0 / static_cast<double>(std::max<std::int64_t>(size - 1, 1))) - 1.0;
}

}  // namespace

at::Tensor warp(const at::Tensor& source, const at::Tensor& flow, WarpPadding padding,
                WarpFilter filter) {
  if (source.dim() != 4 || flow.dim() != 4 || flow.size(1) != 2 || source.size(0) != flow.size(0) ||
      source.size(2) != flow.size(2) || source.size(3) != flow.size(3)) {
    throw Error(ExitCode::failed,
                fmt::format("warp: a picture of [{}] and a flow of [{}]",
                            fmt::join(source.sizes(), ", "), fmt::join(flow.sizes(), ", ")));
  }
  const std::int64_t rows = source.size(2);
  const std::int64_t cols = source.size(3);
  const at::Tensor x = at::arange(cols, flow.options()).view({1, 1, cols});
  const at::Tensor y = at::arange(rows, flow.options()).view({1, rows, 1});
  const at::Tensor grid = at::stack(
      {normalise(flow.select(1, 0) + x, cols), normalise(flow.select(1, 1) + y, rows)}, -1);
  return at::grid_sampler(source, grid.to(source.scalar_type()),
                          filter == WarpFilter::bilinear ? kBilinear : kBicubic,
                          padding == WarpPadding::border ? kBorder : kZeros,
                          /*align_corners=*/true);
}

}  // namespace oasis::flow
