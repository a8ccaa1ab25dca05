#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace oasis::metrics {

/// Frames (or depth), rows, columns.
using Extent = std::array<std::int64_t, 3>;

/// How one block of a 3-D Swin cuts a grid of tokens into windows.
class SwinWindows {
 public:
  /// An axis not larger than the window is one window, not shifted.
  SwinWindows(const Extent& grid, const Extent& window, bool shifted);

  std::int64_t count() const;   ///< windows of one sample
  std::int64_t tokens() const;  ///< of one window
  bool shifted() const { return shift_ != Extent{0, 0, 0}; }

  /// x `[N, D, H, W, C]` -> `[N, count, tokens, C]`, padded with zeros and rolled.
  at::Tensor split(const at::Tensor& x) const;
  /// The inverse.
  at::Tensor join(const at::Tensor& windows) const;

  /// The distance of the fragments of two tokens, `[length, tokens, tokens]`, for `length` windows
  /// from `first`: the grid is taken for one of window rows x window columns fragments.
  at::Tensor gate(std::int64_t first, std::int64_t length, const at::TensorOptions& options) const;
  /// 0, or -100 for tokens that the roll made neighbours; shaped like `gate`.
  at::Tensor mask(std::int64_t first, std::int64_t length, const at::TensorOptions& options) const;

 private:
  at::Tensor cut(const at::Tensor& padded) const;

  Extent grid_;
  Extent window_;
  Extent shift_;
  Extent padded_;
  at::Tensor fragment_row_;  // [count, tokens] int64
  at::Tensor fragment_col_;
  at::Tensor region_;
};

/// The index of the relative position of two tokens of a whole window in a bias table:
/// `[tokens, tokens]` int64.
at::Tensor relative_position_index(const Extent& window);

}  // namespace oasis::metrics
