#include "degrade/correlate.h"

#include <algorithm>
#include <opencv2/core.hpp>
#include <vector>

#include "degrade/cpu_clones.h"

namespace oasis::degrade {
namespace {

constexpr int kRows = 4;    // of the output, computed together: a loaded input serves all of them
constexpr int kWidth = 24;  // floats of a row, kept with the others in registers

// Sums of kRows x kWidth outputs. `source` is the top left input of the first output, `weights` the
// kernel with kRows - 1 empty rows before it and after it.
OASIS_CLONES_FAST
void correlate_strip(const float* source, std::ptrdiff_t source_step, float* target,
                     std::ptrdiff_t target_step, int blocks, const float* weights, int size,
                     int channels) {
  for (int block = 0; block < blocks; ++block) {
    float sums[kRows][kWidth] = {};
    for (int i = 0; i < size + kRows - 1; ++i) {
      const float* line = source + i * source_step + block * kWidth;
      for (int j = 0; j < size; ++j) {
        const float* values = line + j * channels;
        for (int r = 0; r < kRows; ++r) {
          const float weight = weights[(i - r + kRows - 1) * size + j];
          for (int x = 0; x < kWidth; ++x) sums[r][x] += weight * values[x];
        }
      }
    }
    for (int r = 0; r < kRows; ++r) {
      std::copy(sums[r], sums[r] + kWidth, target + r * target_step + block * kWidth);
    }
  }
}

int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace

cv::Mat correlate(const cv::Mat& frame, const cv::Mat& kernel) {
  const int size = kernel.rows, radius = size / 2, channels = frame.channels();
  const int rows = round_up(frame.rows, kRows);
  // So many pixels a row that whole blocks fit.
  const int columns = round_up(frame.cols, kWidth);
  cv::Mat padded;
  cv::copyMakeBorder(frame, padded, radius, radius + rows - frame.rows, radius,
                     radius + columns - frame.cols, cv::BORDER_REFLECT_101);
  std::vector<float> weights(static_cast<std::size_t>((size + 2 * kRows - 2) * size));
  for (int i = 0; i < size; ++i) {
    std::copy(kernel.ptr<float>(i), kernel.ptr<float>(i) + size,
              weights.begin() + (i + kRows - 1) * size);
  }
  cv::Mat result(rows, columns, frame.type());
  const int blocks = round_up(frame.cols * channels, kWidth) / kWidth;
  for (int y = 0; y < rows; y += kRows) {
    correlate_strip(padded.ptr<float>(y), static_cast<std::ptrdiff_t>(padded.step1()),
                    result.ptr<float>(y), static_cast<std::ptrdiff_t>(result.step1()), blocks,
                    weights.data(), size, channels);
  }
  return result(cv::Rect(0, 0, frame.cols, frame.rows));
}

}  // namespace oasis::degrade
