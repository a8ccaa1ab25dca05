#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace oasis::flow {

/// The correlations of every position of one feature map with the neighbourhood of a position in
/// another (RAFT section 3.2, `core/corr.py`).
///
/// Small maps keep the whole volume `[N, h*w, h*w]` and its pooled levels. Where these would exceed
/// `most_bytes`, each lookup multiplies anew, a strip of rows at a time: slower, bounded memory,
/// the same result up to rounding.
class Correlation {
 public:
  /// Feature maps `[N, C, h, w]`, float32.
  Correlation(const at::Tensor& features1, const at::Tensor& features2, std::int64_t levels,
              std::int64_t radius, std::int64_t most_bytes);

  /// coords `[N, 2, h, w]`: positions (x, y) in the second map -> `[N, levels*(2r+1)^2, h, w]`; the
  /// x offset is the slow index of a level's channels.
  at::Tensor lookup(const at::Tensor& coords) const;

 private:
  at::Tensor strip_volume(std::size_t level, std::int64_t first_row, std::int64_t rows) const;

  at::Tensor features1_;               ///< [N, h*w, C], divided by sqrt(C)
  std::vector<at::Tensor> features2_;  ///< per level [N, C, rows, cols]
  std::vector<at::Tensor> volume_;     ///< per level [N, h*w, rows*cols]; empty if too large
  std::int64_t rows_ = 0;
  std::int64_t cols_ = 0;
  std::int64_t radius_ = 0;
  std::int64_t strip_rows_ = 0;
};

}  // namespace oasis::flow
