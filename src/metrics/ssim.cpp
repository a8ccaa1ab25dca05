#include "oasis/metrics/ssim.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>
#include <vector>

#include "degrade/cpu_clones.h"
#include "metrics/frame_planes.h"
#include "metrics/frame_scores.h"
#include "oasis/core/error.h"

namespace oasis::metrics {
namespace {

constexpr std::int64_t kTaps = 11;
constexpr std::int64_t kReach = kTaps / 2;
constexpr std::int64_t kRowsPerStrip = 64;
constexpr double kC1 = 0.01 * 255 * 0.01 * 255;
constexpr double kC2 = 0.03 * 255 * 0.03 * 255;

// Taken from every code value, so that float32 holds the squares: variances do not see it.
constexpr int kCentre = 128;

// Window rows filtered together: they share most of their picture rows.
constexpr std::int64_t kBlock = 4;
constexpr std::int64_t kBlockReach = kBlock + kTaps - 1;
static_assert(kRowsPerStrip % kBlock == 0);

// What is filtered: both means, the sum of both squares, the product.
enum Quantity : std::size_t { mean_a, mean_b, squares, product, quantities };

// The 1-D window from its centre outwards; the published 2-D window is its outer product.
template <class Real>
using Window = std::array<Real, kReach + 1>;

template <class Real>
Window<Real> gaussian_window() {
  std::array<double, kReach + 1> weights;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = std::exp(-static_cast<double>(i * i) / (2 * 1.5 * 1.5));
  }
  const double sum = 2 * std::accumulate(weights.begin(), weights.end(), 0.0) - weights[0];
  Window<Real> window;
  for (std::size_t i = 0; i < window.size(); ++i) window[i] = static_cast<Real>(weights[i] / sum);
  return window;
}

// 11 values around `p`, `step` apart.
template <class Real>
inline __attribute__((always_inline)) Real filter(const Real* p, std::int64_t step,
                                                  const Window<Real>& w) {
  return w[0] * p[0] + w[1] * (p[-step] + p[step]) + w[2] * (p[-2 * step] + p[2 * step]) +
         w[3] * (p[-3 * step] + p[3 * step]) + w[4] * (p[-4 * step] + p[4 * step]) +
         w[5] * (p[-5 * step] + p[5 * step]);
}

// Results of a block at one column, from its values down that column.
template <class Real>
struct Column {
  Real values[kBlockReach];
  Real at(std::int64_t row, const Window<Real>& w) const {
    return filter(values + row + kReach, 1, w);
  }
};

// Everything below per number type; macros, because clones of templates cannot be made.

#define OASIS_FILTER_DOWN(Real, name, value)                                          \
  OASIS_CLONES_EXACT void name(const Real* a, const Real* b, std::int64_t stride,     \
                               std::int64_t count, const Window<Real>& window,        \
                               Real* __restrict out_0, Real* __restrict out_1,        \
                               Real* __restrict out_2, Real* __restrict out_3) {      \
    const Window<Real> w = window;                                                    \
    for (std::int64_t x = 0; x < count; ++x) {                                        \
      Column<Real> column;                                                            \
      _Pragma("GCC unroll 14") for (std::int64_t row = 0; row < kBlockReach; ++row) { \
        [[maybe_unused]] const Real p = a[x + row * stride];                          \
        [[maybe_unused]] const Real q = b[x + row * stride];                          \
        column.values[row] = value;                                                   \
      }                                                                               \
      out_0[x] = column.at(0, w);                                                     \
      out_1[x] = column.at(1, w);                                                     \
      out_2[x] = column.at(2, w);                                                     \
      out_3[x] = column.at(3, w);                                                     \
    }                                                                                 \
  }

// The similarity at each position of a row from the quantities filtered down, each of `count + 10`
// values. `least`: of the contrast term.
#define OASIS_COMPARE(Real)                                                                       \
  OASIS_CLONES_EXACT void compare(const Real* a, const Real* b, const Real* both,                 \
                                  const Real* mixed, std::int64_t count,                          \
                                  const Window<Real>& window, Real least, Real* __restrict out) { \
    const Window<Real> w = window;                                                                \
    const Real c1 = static_cast<Real>(kC1);                                                       \
    const Real c2 = static_cast<Real>(kC2);                                                       \
    for (std::int64_t x = 0; x < count; ++x) {                                                    \
      const Real p = filter(a + x + kReach, 1, w);                                                \
      const Real q = filter(b + x + kReach, 1, w);                                                \
      const Real contrast = (2 * (filter(mixed + x + kReach, 1, w) - p * q) + c2) /               \
                            (filter(both + x + kReach, 1, w) - (p * p + q * q) + c2);             \
      const Real clamped = contrast < least ? least : contrast;                                   \
      const Real mean_1 = p + Real{kCentre};                                                      \
      const Real mean_2 = q + Real{kCentre};                                                      \
      out[x] = (2 * mean_1 * mean_2 + c1) / (mean_1 * mean_1 + mean_2 * mean_2 + c1) * clamped;   \
    }                                                                                             \
  }

// The sum is in eight parts, so that additions need not wait for one another.
#define OASIS_SUM(Real)                                                           \
  OASIS_CLONES_EXACT void centre(Real* values, std::int64_t count) {              \
    for (std::int64_t x = 0; x < count; ++x) values[x] -= Real{kCentre};          \
  }                                                                               \
  OASIS_CLONES_EXACT double sum_of(const Real* values, std::int64_t count) {      \
    double parts[8] = {};                                                         \
    std::int64_t x = 0;                                                           \
    for (; x + 8 <= count; x += 8) {                                              \
      for (int i = 0; i < 8; ++i) parts[i] += static_cast<double>(values[x + i]); \
    }                                                                             \
    for (; x < count; ++x) parts[0] += static_cast<double>(values[x]);            \
    return ((parts[0] + parts[1]) + (parts[2] + parts[3])) +                      \
           ((parts[4] + parts[5]) + (parts[6] + parts[7]));                       \
  }

#define OASIS_SSIM_KERNELS(Real)                           \
  OASIS_FILTER_DOWN(Real, filter_first, p)                 \
  OASIS_FILTER_DOWN(Real, filter_squares, (p * p + q * q)) \
  OASIS_FILTER_DOWN(Real, filter_product, (p * q))         \
  OASIS_COMPARE(Real)                                      \
  OASIS_SUM(Real)
OASIS_SSIM_KERNELS(float)
OASIS_SSIM_KERNELS(double)
#undef OASIS_SSIM_KERNELS
#undef OASIS_SUM
#undef OASIS_COMPARE
#undef OASIS_FILTER_DOWN

// Working memory for a strip of the window rows of one plane.
template <class Real>
class Strip {
 public:
  Strip(const FramePlanes& a, const FramePlanes& b, ScoreVariant variant)
      : a_(a),
        b_(b),
        rounded_(variant == ScoreVariant::pyiqa),
        least_(rounded_ ? Real{0} : -std::numeric_limits<Real>::infinity()),
        cols_(a.cols()),
        picture_a_(size(kRowsPerStrip + kTaps - 1)),
        picture_b_(picture_a_.size()),
        down_(size(quantities * kBlock)),
        result_(size(1)) {}

  // The sum of the similarities of the window rows that begin at picture rows [first, last).
  double score(int plane, std::int64_t first, std::int64_t last) {
    std::int64_t known = 0;
    double sum = 0;
    for (std::int64_t row = 0; row < last - first; row += kBlock) {
      const std::int64_t rows = std::min(kBlock, last - first - row);
      for (; known < row + rows + kTaps - 1; ++known) {
        read(a_, plane, first + known, picture_a_.data() + known * cols_);
        read(b_, plane, first + known, picture_b_.data() + known * cols_);
      }
      filter_down(row);
      for (std::int64_t i = 0; i < rows; ++i) sum += score_row(i);
    }
    return sum;
  }

 private:
  std::size_t size(std::int64_t rows) const { return static_cast<std::size_t>(rows * cols_); }

  Real* down(Quantity quantity, std::int64_t row) {
    return down_.data() + (static_cast<std::int64_t>(quantity) * kBlock + row) * cols_;
  }

  void read(const FramePlanes& planes, int plane, std::int64_t row, Real* out) {
    if (rounded_) {
      read_as(out, code_values_, [&](float* to) { planes.read_rounded(plane, row, to); });
    } else {
      read_as(out, exact_, [&](double* to) { planes.read(plane, row, to); });
    }
    centre(out, cols_);
  }

  // Straight to `out` where the types are the same, else by way of `buffer`.
  template <class From, class Read>
  void read_as(Real* out, std::vector<From>& buffer, const Read& read_row) {
    if constexpr (std::is_same_v<From, Real>) {
      read_row(out);
    } else {
      buffer.resize(size(1));
      read_row(buffer.data());
      std::copy(buffer.begin(), buffer.end(), out);
    }
  }

  // A block of window rows. Behind the end of the strip there are values of no meaning.
  void filter_down(std::int64_t row) {
    const Real* a = picture_a_.data() + row * cols_;
    const Real* b = picture_b_.data() + row * cols_;
    using Filter = void (*)(const Real*, const Real*, std::int64_t, std::int64_t,
                            const Window<Real>&, Real*, Real*, Real*, Real*);
    const auto apply = [&](Filter function, const Real* p, const Real* q, Quantity quantity) {
      function(p, q, cols_, cols_, window_, down(quantity, 0), down(quantity, 1), down(quantity, 2),
               down(quantity, 3));
    };
    apply(filter_first, a, a, mean_a);
    apply(filter_first, b, b, mean_b);
    apply(filter_squares, a, b, squares);
    apply(filter_product, a, b, product);
  }

  double score_row(std::int64_t row) {
    const std::int64_t count = cols_ - kTaps + 1;
    compare(down(mean_a, row), down(mean_b, row), down(squares, row), down(product, row), count,
            window_, least_, result_.data());
    return sum_of(result_.data(), count);
  }

  const FramePlanes& a_;
  const FramePlanes& b_;
  bool rounded_;
  Real least_;
  std::int64_t cols_;
  std::vector<Real> picture_a_;  // [74, cols], centred
  std::vector<Real> picture_b_;
  std::vector<Real> down_;  // [quantities, kBlock, cols]
  std::vector<Real> result_;
  std::vector<float> code_values_;
  std::vector<double> exact_;
  Window<Real> window_ = gaussian_window<Real>();
};

template <class Real>
double similarity(const FramePlanes& a, const FramePlanes& b, ScoreVariant variant) {
  const std::int64_t rows = a.rows() - kTaps + 1;
  const std::int64_t strips = (rows + kRowsPerStrip - 1) / kRowsPerStrip;
  // Fixed strips, summed in order: the same bits on any number of threads.
  std::vector<double> sums(static_cast<std::size_t>(strips * a.count()), 0.0);
  at::parallel_for(0, strips * a.count(), 1, [&](std::int64_t begin, std::int64_t end) {
    Strip<Real> strip(a, b, variant);
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t first = task % strips * kRowsPerStrip;
      sums[static_cast<std::size_t>(task)] = strip.score(static_cast<int>(task / strips), first,
                                                         std::min(first + kRowsPerStrip, rows));
    }
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0) /
         static_cast<double>(rows * (a.cols() - kTaps + 1) * a.count());
}

}  // namespace

at::Tensor ssim(const at::Tensor& pred, const at::Tensor& reference, const ScoreOptions& options) {
  const auto score = [&](const FramePlanes& a, const FramePlanes& b) {
    if (a.rows() < kTaps || a.cols() < kTaps) {
      throw Error(
          ExitCode::failed,
          fmt::format("SSIM needs frames of at least 11x11 pixels, not {}x{}", a.cols(), a.rows()));
    }
    // Colour planes have large saturated areas, where float32 would cost the sixth digit.
    return options.channels == ScoreChannels::rgb ? similarity<double>(a, b, options.variant)
                                                  : similarity<float>(a, b, options.variant);
  };
  return frame_scores(pred, reference, options, "SSIM", score);
}

}  // namespace oasis::metrics
