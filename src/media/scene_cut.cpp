#include "oasis/media/scene_cut.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace oasis::media {
namespace {

constexpr int kCols = 32;
constexpr int kRows = 18;
constexpr int kCells = kCols * kRows;
constexpr std::size_t kRecent = 8;

/// Means of one plane over the cells. A frame smaller than the grid repeats pixels.
std::array<float, kCells> average_plane(const float* plane, int width, int height) {
  std::array<float, kCells> means{};
  for (int r = 0; r < kRows; ++r) {
    const int y0 = r * height / kRows;
    const int y1 = std::max(y0 + 1, (r + 1) * height / kRows);
    for (int c = 0; c < kCols; ++c) {
      const int x0 = c * width / kCols;
      const int x1 = std::max(x0 + 1, (c + 1) * width / kCols);
      float sum = 0;
      for (int y = y0; y < y1; ++y) {
        const float* row = plane + static_cast<std::ptrdiff_t>(y) * width;
        sum = std::accumulate(row + x0, row + x1, sum);
      }
      means[static_cast<std::size_t>(r * kCols + c)] =
          sum / static_cast<float>((y1 - y0) * (x1 - x0));
    }
  }
  return means;
}

/// Adds `value` in [0, 1] to `bins` bins, shared linearly between the two nearest centres.
void add_to_bins(double value, double* bins, int count) {
  const double at = std::clamp(value, 0.0, 1.0) * (count - 1);
  const int lower = std::min(static_cast<int>(at), count - 2);
  bins[lower] += (1.0 - (at - lower)) / kCells;
  bins[lower + 1] += (at - lower) / kCells;
}

double half_l1(const double* a, const double* b, int count) {
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += std::abs(a[i] - b[i]);
  return sum / 2;
}

}  // namespace

SceneCutDetector::Look SceneCutDetector::look_at(const Frame& frame) {
  const auto red = average_plane(frame.plane(0), frame.width, frame.height);
  const auto green = average_plane(frame.plane(1), frame.width, frame.height);
  const auto blue = average_plane(frame.plane(2), frame.width, frame.height);
  Look look;
  look.cells.resize(3 * kCells);
  look.histogram.fill(0);
  for (std::size_t i = 0; i < kCells; ++i) {
    const float luma = 0.2126F * red[i] + 0.7152F * green[i] + 0.0722F * blue[i];
    const float cb = (blue[i] - luma) / 1.8556F;
    const float cr = (red[i] - luma) / 1.5748F;
    look.cells[i] = luma;
    look.cells[kCells + i] = cb;
    look.cells[2 * kCells + i] = cr;
    add_to_bins(luma, look.histogram.data(), 16);
    add_to_bins(cb + 0.5, look.histogram.data() + 16, 8);
    add_to_bins(cr + 0.5, look.histogram.data() + 24, 8);
  }
  return look;
}

double SceneCutDetector::pixel_difference(const Look& a, const Look& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.cells.size(); ++i) {
    const double weight = i < kCells ? 1.0 : 0.5;
    sum += weight * std::abs(a.cells[i] - b.cells[i]);
  }
  return sum / kCells;
}

double SceneCutDetector::histogram_difference(const Look& a, const Look& b) {
  const double luma = half_l1(a.histogram.data(), b.histogram.data(), 16);
  const double chroma = half_l1(a.histogram.data() + 16, b.histogram.data() + 16, 16) / 2;
  return std::max(luma, chroma);
}

bool SceneCutDetector::decide(std::size_t index) {
  if (index == 0) return false;
  const Look& current = looks_[index];
  const double difference = pixel_difference(looks_[index - 1], current);
  const double mean = recent_.empty() ? 0.0
                                      : std::accumulate(recent_.begin(), recent_.end(), 0.0) /
                                            static_cast<double>(recent_.size());
  bool cut = difference > settings_.least_difference && difference > settings_.over_recent * mean &&
             histogram_difference(looks_[index - 1], current) > settings_.least_histogram;
  const double returned = settings_.flash_return * difference;
  if (cut && index + 1 < looks_.size()) {
    cut = pixel_difference(looks_[index - 1], looks_[index + 1]) > returned;
  }
  if (cut && index >= 2) cut = pixel_difference(looks_[index - 2], current) > returned;
  if (cut) recent_.clear();
  if (!cut) recent_.push_back(difference);
  if (recent_.size() > kRecent) recent_.pop_front();
  return cut;
}

std::optional<bool> SceneCutDetector::push(const Frame& frame) {
  looks_.push_back(look_at(frame));
  if (looks_.size() < 2) return std::nullopt;
  const bool cut = decide(looks_.size() - 2);
  if (looks_.size() > 3) looks_.pop_front();
  return cut;
}

std::optional<bool> SceneCutDetector::finish() {
  if (looks_.empty()) return std::nullopt;
  const bool cut = decide(looks_.size() - 1);
  looks_.clear();
  recent_.clear();
  return cut;
}

}  // namespace oasis::media
