#include "oasis/metrics/ssim.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "degrade/cpu_clones.h"
#include "metrics/frame_planes.h"
#include "oasis/core/error.h"

namespace oasis::metrics {
namespace {

constexpr std::int64_t kTaps = 11;
constexpr std::int64_t kReach = kTaps / 2;
constexpr std::int64_t kRowsPerStrip = 64;
constexpr double kC1 = 0.01 * 255 * 0.01 * 255;
constexpr double kC2 = 0.03 * 255 * 0.03 * 255;

// What is filtered: both means, the sum of both squares, the product.
enum Quantity : std::size_t { mean_a, mean_b, squares, product, quantities };

// The 1-D window from its centre outwards; the published 2-D window is its outer product.
using Window = std::array<double, kReach + 1>;

Window gaussian_window() {
  Window window;
  for (std::size_t i = 0; i < window.size(); ++i) {
    window[i] = std::exp(-static_cast<double>(i * i) / (2 * 1.5 * 1.5));
  }
  const double sum = 2 * std::accumulate(window.begin(), window.end(), 0.0) - window[0];
  for (double& weight : window) weight /= sum;
  return window;
}

OASIS_CLONES_EXACT void multiply(const double* a, const double* b, std::int64_t count, double* sum,
                                 double* mixed) {
  for (std::int64_t x = 0; x < count; ++x) {
    sum[x] = a[x] * a[x] + b[x] * b[x];
    mixed[x] = a[x] * b[x];
  }
}

// Along a row: `count` results from `count + 10` values.
OASIS_CLONES_EXACT void filter_across(const double* in, std::int64_t count, const Window& window,
                                      double* out) {
  const Window w = window;
  for (std::int64_t x = 0; x < count; ++x) {
    const double* const p = in + x;
    out[x] = w[0] * p[5] + w[1] * (p[4] + p[6]) + w[2] * (p[3] + p[7]) + w[3] * (p[2] + p[8]) +
             w[4] * (p[1] + p[9]) + w[5] * (p[0] + p[10]);
  }
}

// Across 11 rows.
OASIS_CLONES_EXACT void filter_down(const std::array<const double*, kTaps>& rows,
                                    std::int64_t count, const Window& window,
                                    double* __restrict out) {
  const Window w = window;
  const auto r = rows;
  for (std::int64_t x = 0; x < count; ++x) {
    out[x] = w[0] * r[5][x] + w[1] * (r[4][x] + r[6][x]) + w[2] * (r[3][x] + r[7][x]) +
             w[3] * (r[2][x] + r[8][x]) + w[4] * (r[1][x] + r[9][x]) + w[5] * (r[0][x] + r[10][x]);
  }
}

// The similarity at each position, written over the first quantity. `least`: of the contrast term.
OASIS_CLONES_EXACT void compare(double* a, const double* b, const double* both, const double* mixed,
                                std::int64_t count, double least) {
  for (std::int64_t x = 0; x < count; ++x) {
    const double mean_product = a[x] * b[x];
    const double mean_squares = a[x] * a[x] + b[x] * b[x];
    const double contrast = (2 * (mixed[x] - mean_product) + kC2) / (both[x] - mean_squares + kC2);
    const double clamped = contrast < least ? least : contrast;
    a[x] = (2 * mean_product + kC1) / (mean_squares + kC1) * clamped;
  }
}

// A strip's filtered rows: the last 11 of each quantity.
class Strip {
 public:
  Strip(const FramePlanes& a, const FramePlanes& b, int plane, bool rounded)
      : a_(a),
        b_(b),
        plane_(plane),
        rounded_(rounded),
        in_(static_cast<std::size_t>(a.cols())),
        out_(static_cast<std::size_t>(a.cols() - kTaps + 1)),
        raw_(quantities * in_),
        ring_(quantities * kTaps * out_),
        result_(quantities * out_) {}

  // Takes in the next row of the pictures.
  void push(std::int64_t row) {
    read(a_, row, raw_.data());
    read(b_, row, raw_.data() + in_);
    multiply(raw_.data(), raw_.data() + in_, static_cast<std::int64_t>(in_),
             raw_.data() + squares * in_, raw_.data() + product * in_);
    for (std::size_t quantity = 0; quantity < quantities; ++quantity) {
      filter_across(raw_.data() + quantity * in_, static_cast<std::int64_t>(out_), window_,
                    slot(quantity, row));
    }
  }

  // The sum of the similarities of the window row that begins at picture row `top`.
  double score(std::int64_t top, double least) {
    const auto count = static_cast<std::int64_t>(out_);
    for (std::size_t quantity = 0; quantity < quantities; ++quantity) {
      std::array<const double*, kTaps> rows;
      for (std::int64_t tap = 0; tap < kTaps; ++tap) {
        rows[static_cast<std::size_t>(tap)] = slot(quantity, top + tap);
      }
      filter_down(rows, count, window_, result_.data() + quantity * out_);
    }
    compare(result_.data(), result_.data() + out_, result_.data() + squares * out_,
            result_.data() + product * out_, count, least);
    return std::accumulate(result_.data(), result_.data() + out_, 0.0);
  }

 private:
  void read(const FramePlanes& planes, std::int64_t row, double* out) const {
    rounded_ ? planes.read_rounded(plane_, row, out) : planes.read(plane_, row, out);
  }
  double* slot(std::size_t quantity, std::int64_t row) {
    return ring_.data() + (quantity * kTaps + static_cast<std::size_t>(row % kTaps)) * out_;
  }

  const FramePlanes& a_;
  const FramePlanes& b_;
  int plane_;
  bool rounded_;
  std::size_t in_;
  std::size_t out_;
  std::vector<double> raw_;
  std::vector<double> ring_;
  std::vector<double> result_;
  Window window_ = gaussian_window();
};

double similarity(const FramePlanes& a, const FramePlanes& b, ScoreVariant variant) {
  const std::int64_t rows = a.rows() - kTaps + 1;
  const std::int64_t strips = (rows + kRowsPerStrip - 1) / kRowsPerStrip;
  const bool pyiqa = variant == ScoreVariant::pyiqa;
  const double least = pyiqa ? 0.0 : -std::numeric_limits<double>::infinity();
  // Fixed strips, summed in order: the same bits on any number of threads.
  std::vector<double> sums(static_cast<std::size_t>(strips * a.count()), 0.0);
  at::parallel_for(0, strips * a.count(), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t task = begin; task < end; ++task) {
      Strip strip(a, b, static_cast<int>(task / strips), pyiqa);
      const std::int64_t first = task % strips * kRowsPerStrip;
      const std::int64_t last = std::min(first + kRowsPerStrip, rows);
      for (std::int64_t row = first; row < last + kTaps - 1; ++row) {
        strip.push(row);
        if (row >= first + kTaps - 1) {
          sums[static_cast<std::size_t>(task)] += strip.score(row - kTaps + 1, least);
        }
      }
    }
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0) /
         static_cast<double>(rows * (a.cols() - kTaps + 1) * a.count());
}

}  // namespace

at::Tensor ssim(const at::Tensor& pred, const at::Tensor& reference, const ScoreOptions& options) {
  require_pair(pred, reference, "SSIM");
  at::Tensor scores = at::empty({pred.size(0)}, at::kDouble);
  for (std::int64_t frame = 0; frame < pred.size(0); ++frame) {
    const FramePlanes a(pred[frame], options.channels, options.crop_border);
    const FramePlanes b(reference[frame], options.channels, options.crop_border);
    if (a.rows() < kTaps || a.cols() < kTaps) {
      throw Error(
          ExitCode::failed,
          fmt::format("SSIM needs frames of at least 11x11 pixels, not {}x{}", a.cols(), a.rows()));
    }
    scores.mutable_data_ptr<double>()[frame] = similarity(a, b, options.variant);
  }
  return scores;
}

}  // namespace oasis::metrics
