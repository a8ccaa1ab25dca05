#include "flow/correlation.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

namespace oasis::flow {
namespace {

// Bilinear samples of `volume` [P, rows*cols] at the (2r+1)^2 offsets around x, y [P]; 0 outside,
// per neighbour. All samples of a position share one fraction, so (2r+2)^2 values are enough.
at::Tensor sample(const at::Tensor& volume, std::int64_t rows, std::int64_t cols,
                  const at::Tensor& x, const at::Tensor& y, std::int64_t radius) {
  const std::int64_t side = 2 * radius + 2;
  const std::int64_t count = x.size(0);
  const at::Tensor x0 = x.floor();
  const at::Tensor y0 = y.floor();
  const at::Tensor offset = at::arange(side, x.options()) - static_cast<double>(radius);
  const at::Tensor column = (x0.unsqueeze(1) + offset).view({count, side, 1});
  const at::Tensor row = (y0.unsqueeze(1) + offset).view({count, 1, side});
  const at::Tensor inside =
      column.ge(0).logical_and(column.le(cols - 1)) & row.ge(0).logical_and(row.le(rows - 1));
  const at::Tensor index =
      row.clamp(0, rows - 1).to(at::kLong) * cols + column.clamp(0, cols - 1).to(at::kLong);
  at::Tensor near = volume.gather(1, index.view({count, side * side})).view({count, side, side});
  near = at::where(inside, near, at::zeros({}, near.options()));
  const at::Tensor fx = (x - x0).view({count, 1, 1});
  const at::Tensor fy = (y - y0).view({count, 1, 1});
  const at::Tensor left = near.narrow(1, 0, side - 1);
  const at::Tensor right = near.narrow(1, 1, side - 1);
  const at::Tensor mixed = left + fx * (right - left);
  const at::Tensor above = mixed.narrow(2, 0, side - 1);
  const at::Tensor below = mixed.narrow(2, 1, side - 1);
  return (above + fy * (below - above)).reshape({count, (side - 1) * (side - 1)});
}

}  // namespace

Correlation::Correlation(const at::Tensor& features1, const at::Tensor& features2,
                         std::int64_t levels, std::int64_t radius, std::int64_t most_bytes)
    : rows_(features1.size(2)), cols_(features1.size(3)), radius_(radius) {
  const std::int64_t channels = features1.size(1);
  features1_ = (features1 / std::sqrt(static_cast<double>(channels)))
                   .flatten(2)
                   .transpose(1, 2)
                   .contiguous();
  features2_.push_back(features2);
  for (std::int64_t level = 1; level < levels; ++level) {
    features2_.push_back(at::avg_pool2d(features2_.back(), {2, 2}, {2, 2}));
  }
  const std::int64_t positions = rows_ * cols_;
  std::int64_t row_bytes = 0;  // of one row of queries, all levels
  for (const at::Tensor& map : features2_) {
    row_bytes += 4 * features1.size(0) * cols_ * map.size(2) * map.size(3);
  }
  strip_rows_ =
      std::clamp<std::int64_t>(most_bytes / std::max<std::int64_t>(row_bytes, 1), 1, rows_);
  if (strip_rows_ < rows_) return;
  volume_.push_back(strip_volume(0, 0, rows_));
  for (std::size_t level = 1; level < features2_.size(); ++level) {
    const at::Tensor& map = features2_[level - 1];
    const at::Tensor finer = volume_.back().view({-1, 1, map.size(2), map.size(3)});
    volume_.push_back(
        at::avg_pool2d(finer, {2, 2}, {2, 2}).view({features1.size(0), positions, -1}));
  }
}

at::Tensor Correlation::strip_volume(std::size_t level, std::int64_t first_row,
                                     std::int64_t rows) const {
  const at::Tensor queries = features1_.narrow(1, first_row * cols_, rows * cols_);
  return at::bmm(queries, features2_[level].flatten(2));
}

at::Tensor Correlation::lookup(const at::Tensor& coords) const {
  const std::int64_t batch = features1_.size(0);
  std::vector<at::Tensor> strips;
  for (std::int64_t row = 0; row < rows_; row += strip_rows_) {
    const std::int64_t rows = std::min(strip_rows_, rows_ - row);
    const at::Tensor x = coords.select(1, 0).narrow(1, row, rows).reshape({-1});
    const at::Tensor y = coords.select(1, 1).narrow(1, row, rows).reshape({-1});
    std::vector<at::Tensor> levels;
    for (std::size_t level = 0; level < features2_.size(); ++level) {
      const at::Tensor volume = volume_.empty() ? strip_volume(level, row, rows) : volume_[level];
      const double scale = 1.0 / static_cast<double>(std::int64_t{1} << level);
      levels.push_back(sample(volume.reshape({x.size(0), -1}), features2_[level].size(2),
                              features2_[level].size(3), x * scale, y * scale, radius_));
    }
    strips.push_back(at::cat(levels, 1).view({batch, rows, cols_, -1}));
  }
  return at::cat(strips, 1).permute({0, 3, 1, 2});
}

}  // namespace oasis::flow
