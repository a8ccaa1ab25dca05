#include "oasis/metrics/psnr_centred.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "metrics/frame_planes.h"

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
  require_pair(pred, reference, "centred PSNR");
  at::Tensor scores = at::empty({pred.size(0)}, at::kDouble);
  const double floor = options.variant == ScoreVariant::pyiqa ? 1e-8 : 0.0;
  for (std::int64_t frame = 0; frame < pred.size(0); ++frame) {
    const FramePlanes a(pred[frame], options.channels, options.crop_border);
    const FramePlanes b(reference[frame], options.channels, options.crop_border);
    scores.mutable_data_ptr<double>()[frame] = -10.0 * std::log10(variance(a, b) + floor);
  }
  return scores;
}

}  // namespace oasis::metrics
