#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "oasis/metrics/score_options.h"

namespace oasis::metrics {

/// The scored planes of one frame, read row by row as code values 0..255.
class FramePlanes {
 public:
  /// frame `[3, H, W]`, uint8 or float32 in [0, 1], on the CPU; the border is cut.
  FramePlanes(const at::Tensor& frame, ScoreChannels channels, std::int64_t crop_border);

  int count() const { return channels_ == ScoreChannels::rgb ? 3 : 1; }
  std::int64_t rows() const { return rows_; }
  std::int64_t cols() const { return cols_; }
  /// A pointer to the bytes of a row if the plane is an 8-bit channel as it stands, else null.
  const std::uint8_t* bytes(int plane, std::int64_t row) const;

  /// `cols()` values in float64.
  void read(int plane, std::int64_t row, double* out) const;
  /// The same rounded half to even, with pyiqa's float32 arithmetic before the rounding.
  void read_rounded(int plane, std::int64_t row, float* out) const;

 private:
  template <typename T>
  const T* at_row(std::int64_t channel, std::int64_t row) const;

  at::Tensor frame_;
  ScoreChannels channels_;
  std::int64_t crop_;
  std::int64_t rows_;
  std::int64_t cols_;
  bool bytes_;
};

/// Throws `oasis::Error` unless pred and reference are `[F, 3, H, W]` of one size and of one of
/// the supported types; `what` is the metric's name.
void require_pair(const at::Tensor& pred, const at::Tensor& reference, const char* what);

}  // namespace oasis::metrics
