#include "model/gather_rows.h"

#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "model/bilinear_corners.h"
#include "model/cpu_clones.h"

namespace oasis::model {
namespace {

OASIS_CPU_CLONES void widen(const float* from, float* to, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = from[i];
}

OASIS_CPU_CLONES void widen(const std::uint16_t* from, float* to, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = widened(from[i]);
}

OASIS_CPU_CLONES void narrow(const float* from, float* to, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = from[i];
}

OASIS_CPU_CLONES void narrow(const float* from, std::uint16_t* to, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = narrowed(from[i]);
}

/// Adds each corner's share of one pixel's n values; corners may be the same pixel.
OASIS_CPU_CLONES void add_shares(const float* values, const Corners& at, float* picture,
                                 std::int64_t n) {
  for (std::size_t corner = 0; corner < 4; ++corner) {
    float* to = picture + at.pixel[corner] * n;
    const float share = at.share[corner];
    for (std::int64_t i = 0; i < n; ++i) to[i] += share * values[i];
  }
}

/// The frames of a clip and their gradients.
struct JoinedFrames {
  std::int64_t channels, rows, cols, frames;  // of a clip

  std::int64_t pixels() const { return rows * cols; }
};

/// The gradient of one frame, into `sum` `[pixels][channels]`. `own` and `behind`, null for the
/// last: both halves of its pixels and of those of the frame behind it.
template <typename T>
void gather_frame(const JoinedFrames& shape, const T* own, const T* behind, const float* motion,
                  std::vector<float>& sum) {
  const std::int64_t n = shape.channels;
  for (std::int64_t p = 0; p < shape.pixels(); ++p) widen(own + 2 * n * p, sum.data() + n * p, n);
  if (behind == nullptr) return;
  std::vector<float> values(static_cast<std::size_t>(n));
  for (std::int64_t y = 0; y < shape.rows; ++y) {
    for (std::int64_t x = 0; x < shape.cols; ++x) {
      const std::int64_t p = y * shape.cols + x;
      widen(behind + 2 * n * p + n, values.data(), n);
      const float dx = motion == nullptr ? 0 : motion[p];
      const float dy = motion == nullptr ? 0 : motion[p + shape.pixels()];
      add_shares(
          values.data(),
          corners(static_cast<float>(x) + dx, static_cast<float>(y) + dy, shape.rows, shape.cols),
          sum.data(), n);
    }
  }
}

template <typename T>
void gather(const JoinedFrames& shape, const at::Tensor& gradient, const at::Tensor& motion,
            const at::Tensor& target) {
  const auto* from = static_cast<const T*>(gradient.const_data_ptr());
  auto* to = static_cast<T*>(target.mutable_data_ptr());
  const float* flows = motion.defined() ? motion.const_data_ptr<float>() : nullptr;
  const std::int64_t values = shape.channels * shape.pixels();
  at::parallel_for(0, gradient.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> sum(static_cast<std::size_t>(values));
    for (std::int64_t n = begin; n < end; ++n) {
      const bool last = (n + 1) % shape.frames == 0;
      const T* own = from + 2 * values * n;
      gather_frame(shape, own, last ? nullptr : own + 2 * values,
                   flows == nullptr || last ? nullptr : flows + 2 * shape.pixels() * (n + 1), sum);
      narrow(sum.data(), to + values * n, values);
    }
  });
}

}  // namespace

at::Tensor gather_rows(const at::Tensor& gradient, std::int64_t batch, const at::Tensor& motion) {
  RECORD_FUNCTION("oasis::gather_rows", std::vector<c10::IValue>());
  const at::Tensor rows = gradient.contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor flows = motion.defined() ? motion.contiguous() : motion;
  const JoinedFrames shape{rows.size(1) / 2, rows.size(2), rows.size(3), rows.size(0) / batch};
  const at::Tensor target = at::empty({rows.size(0), shape.channels, shape.rows, shape.cols},
                                      rows.options().memory_format(at::MemoryFormat::ChannelsLast));
  if (rows.scalar_type() == at::kFloat) {
    gather<float>(shape, rows, flows, target);
  } else {
    gather<std::uint16_t>(shape, rows, flows, target);
  }
  return target;
}

}  // namespace oasis::model
