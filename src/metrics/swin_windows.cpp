#include "oasis/metrics/swin_windows.h"

#include <ATen/Functions.h>

#include <vector>

namespace oasis::metrics {
namespace {

// Which of up to three parts of an axis each position lies in, as Swin's shift mask divides it.
at::Tensor region_along(std::int64_t size, std::int64_t window, std::int64_t shift) {
  at::Tensor region = at::zeros({size}, at::kLong);
  if (shift > 0) {
    region.slice(0, size - window, size - shift).fill_(1);
    region.slice(0, size - shift, size).fill_(2);
  }
  return region;
}

// The fragment of each position: floor(position * fragments / size).
at::Tensor fragment_along(std::int64_t size, std::int64_t fragments) {
  return at::div(at::arange(size, at::kLong) * fragments, size, "floor");
}

// A vector along `axis` of a [1, D, H, W, 1] grid.
at::Tensor along(const at::Tensor& values, std::int64_t axis, const Extent& grid) {
  std::vector<std::int64_t> shape(5, 1);
  shape[static_cast<std::size_t>(axis)] = values.size(0);
  return values.view(shape).expand({1, grid[0], grid[1], grid[2], 1});
}

}  // namespace

SwinWindows::SwinWindows(const Extent& grid, const Extent& window, bool shifted)
    : grid_(grid), window_(window), shift_{}, padded_{} {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const bool whole = grid[axis] <= window[axis];
    window_[axis] = whole ? grid[axis] : window[axis];
    shift_[axis] = whole || !shifted ? 0 : window[axis] / 2;
    padded_[axis] = (grid[axis] + window_[axis] - 1) / window_[axis] * window_[axis];
  }
  const auto place = [&](std::size_t axis) {
    const at::Tensor fragments = fragment_along(padded_[axis], window_[axis]);
    return cut(along(fragments.roll(-shift_[axis], 0), static_cast<std::int64_t>(axis) + 1,
                     padded_))
        .view({count(), tokens()});
  };
  fragment_row_ = place(1);
  fragment_col_ = place(2);
  at::Tensor region = at::zeros({1, padded_[0], padded_[1], padded_[2], 1}, at::kLong);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    region = 3 * region + along(region_along(padded_[axis], window_[axis], shift_[axis]),
                                static_cast<std::int64_t>(axis) + 1, padded_);
  }
  region_ = cut(region).view({count(), tokens()});
}

std::int64_t SwinWindows::count() const {
  return (padded_[0] / window_[0]) * (padded_[1] / window_[1]) * (padded_[2] / window_[2]);
}

std::int64_t SwinWindows::tokens() const { return window_[0] * window_[1] * window_[2]; }

at::Tensor SwinWindows::cut(const at::Tensor& padded) const {
  const std::int64_t channels = padded.size(4);
  return padded
      .reshape({padded.size(0), padded_[0] / window_[0], window_[0], padded_[1] / window_[1],
                window_[1], padded_[2] / window_[2], window_[2], channels})
      .permute({0, 1, 3, 5, 2, 4, 6, 7})
      .reshape({padded.size(0), count(), tokens(), channels});
}

at::Tensor SwinWindows::split(const at::Tensor& x) const {
  at::Tensor y = x;
  if (padded_ != grid_) {
    y = at::constant_pad_nd(
        y, {0, 0, 0, padded_[2] - grid_[2], 0, padded_[1] - grid_[1], 0, padded_[0] - grid_[0]});
  }
  if (shifted()) y = y.roll({-shift_[0], -shift_[1], -shift_[2]}, {1, 2, 3});
  return cut(y);
}

at::Tensor SwinWindows::join(const at::Tensor& windows) const {
  const std::int64_t samples = windows.size(0);
  const std::int64_t channels = windows.size(3);
  at::Tensor y =
      windows
          .reshape({samples, padded_[0] / window_[0], padded_[1] / window_[1],
                    padded_[2] / window_[2], window_[0], window_[1], window_[2], channels})
          .permute({0, 1, 4, 2, 5, 3, 6, 7})
          .reshape({samples, padded_[0], padded_[1], padded_[2], channels});
  if (shifted()) y = y.roll({shift_[0], shift_[1], shift_[2]}, {1, 2, 3});
  return y.slice(1, 0, grid_[0]).slice(2, 0, grid_[1]).slice(3, 0, grid_[2]);
}

at::Tensor SwinWindows::gate(std::int64_t first, std::int64_t length,
                             const at::TensorOptions& options) const {
  const auto distance = [&](const at::Tensor& place) {
    const at::Tensor part = place.narrow(0, first, length).to(options);
    return (part.unsqueeze(2) - part.unsqueeze(1)).abs();
  };
  return distance(fragment_row_) + distance(fragment_col_);
}

at::Tensor SwinWindows::mask(std::int64_t first, std::int64_t length,
                             const at::TensorOptions& options) const {
  const at::Tensor part = region_.narrow(0, first, length).to(options.device());
  return part.unsqueeze(2).ne(part.unsqueeze(1)).to(options) * -100.0;
}

at::Tensor relative_position_index(const Extent& window) {
  const std::int64_t tokens = window[0] * window[1] * window[2];
  const at::Tensor token = at::arange(tokens, at::kLong);
  const auto relative = [](const at::Tensor& place, std::int64_t size) {
    return place.unsqueeze(1) - place.unsqueeze(0) + (size - 1);
  };
  const at::Tensor depth = relative(at::div(token, window[1] * window[2], "floor"), window[0]);
  const at::Tensor row =
      relative(at::div(token, window[2], "floor").remainder(window[1]), window[1]);
  const at::Tensor col = relative(token.remainder(window[2]), window[2]);
  return (depth * (2 * window[1] - 1) + row) * (2 * window[2] - 1) + col;
}

}  // namespace oasis::metrics
