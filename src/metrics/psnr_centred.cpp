#include "oasis/metrics/psnr_centred.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "metrics/frame_planes.h"
#include "metrics/frame_scores.h"

namespace oasis::metrics {
namespace {

struct Sums {
  double first = 0;   // of differences
  double second = 0;  // of their squares
};

Sums sums_of_row(const double* a, const double* b, std::size_t count) {
  Sums sums;
  for (std::size_t x = 0; x < count; ++x) {
    const double difference = a[x] - b[x];
    sums.first += difference;
    sums.second += difference * difference;
  }
  return sums;
}

// The variance of the difference, mean over planes, in units of full scale.
double variance(const FramePlanes& a, const FramePlanes& b) {
  const auto cols = static_cast<std::size_t>(a.cols());
  const double pixels = static_cast<double>(a.rows() * a.cols());
  std::vector<double> row_a(cols);
  std::vector<double> row_b(cols);
  double total = 0;
  for (int plane = 0; plane < a.count(); ++plane) {
    Sums sums;
    for (std::int64_t row = 0; row < a.rows(); ++row) {
      a.read(plane, row, row_a.data());
      b.read(plane, row, row_b.data());
      const Sums of_row = sums_of_row(row_a.data(), row_b.data(), cols);
      sums.first += of_row.first;
      sums.second += of_row.second;
    }
    // Rounding must not make it negative.
    total += std::max(0.0, sums.second - sums.first * sums.first / pixels);
  }
  return total / (255.0 * 255.0 * pixels * a.count());
}

}  // namespace

at::Tensor psnr_centred(const at::Tensor& pred, const at::Tensor& reference,
                        const ScoreOptions& options) {
  return frame_scores(pred, reference, options, "centred PSNR",
                      [&](const FramePlanes& a, const FramePlanes& b) {
                        return decibels(variance(a, b), options.variant);
                      });
}

}  // namespace oasis::metrics
