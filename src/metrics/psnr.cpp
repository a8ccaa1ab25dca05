#include "oasis/metrics/psnr.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "degrade/cpu_clones.h"
#include "metrics/frame_planes.h"
#include "metrics/frame_scores.h"

namespace oasis::metrics {
namespace {

constexpr std::int64_t kRowsPerTask = 32;

OASIS_CLONES_EXACT std::uint32_t squared_block(const std::uint8_t* a, const std::uint8_t* b,
                                               std::int64_t count) {
  std::uint32_t sum = 0;
  for (std::int64_t x = 0; x < count; ++x) {
    const int difference = int{a[x]} - int{b[x]};
    sum += static_cast<std::uint32_t>(difference * difference);
  }
  return sum;
}

double squared_bytes(const std::uint8_t* a, const std::uint8_t* b, std::int64_t count) {
  constexpr std::int64_t block = 1 << 14;  // 255^2 times this fits 32 bits
  std::uint64_t sum = 0;
  for (std::int64_t x = 0; x < count; x += block) {
    sum += squared_block(a + x, b + x, std::min(block, count - x));
  }
  return static_cast<double>(sum);
}

double squared_row(const FramePlanes& a, const FramePlanes& b, int plane, std::int64_t row,
                   std::vector<double>& buffer) {
  const std::uint8_t* const bytes_a = a.bytes(plane, row);
  const std::uint8_t* const bytes_b = b.bytes(plane, row);
  const std::int64_t cols = a.cols();
  if (bytes_a != nullptr && bytes_b != nullptr) return squared_bytes(bytes_a, bytes_b, cols);
  buffer.resize(static_cast<std::size_t>(2 * cols));
  a.read(plane, row, buffer.data());
  b.read(plane, row, buffer.data() + cols);
  double sum = 0;
  for (std::int64_t x = 0; x < cols; ++x) {
    const double difference =
        buffer[static_cast<std::size_t>(x)] - buffer[static_cast<std::size_t>(x + cols)];
    sum += difference * difference;
  }
  return sum;
}

// The mean squared error in units of full scale. Rows are summed in order, whatever the threads.
double mean_squared_error(const FramePlanes& a, const FramePlanes& b) {
  std::vector<double> rows(static_cast<std::size_t>(a.rows()));
  at::parallel_for(0, a.rows(), kRowsPerTask, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> buffer;
    for (std::int64_t row = begin; row < end; ++row) {
      double sum = 0;
      for (int plane = 0; plane < a.count(); ++plane) sum += squared_row(a, b, plane, row, buffer);
      rows[static_cast<std::size_t>(row)] = sum;
    }
  });
  const double sum = std::accumulate(rows.begin(), rows.end(), 0.0);
  return sum / (255.0 * 255.0 * static_cast<double>(a.rows() * a.cols() * a.count()));
}

}  // namespace

at::Tensor psnr(const at::Tensor& pred, const at::Tensor& reference, const ScoreOptions& options) {
  return frame_scores(pred, reference, options, "PSNR",
                      [&](const FramePlanes& a, const FramePlanes& b) {
                        return decibels(mean_squared_error(a, b), options.variant);
                      });
}

}  // namespace oasis::metrics
