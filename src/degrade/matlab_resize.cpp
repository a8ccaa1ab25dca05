#include "oasis/degrade/matlab_resize.h"

#include <cmath>
#include <opencv2/core.hpp>
#include <vector>

namespace oasis::degrade {
namespace {

double cubic(double x) {
  const double d = std::abs(x);
  if (d <= 1) return (1.5 * d - 2.5) * d * d + 1;
  if (d < 2) return ((-0.5 * d + 2.5) * d - 4) * d + 2;
  return 0;
}

// The edge pixel is repeated: ... 1 0 | 0 1 2 ... n-1 | n-1 n-2 ...
int mirrored(int index, int count) {
  const int period = 2 * count;
  const int folded = ((index % period) + period) % period;
  return folded < count ? folded : period - 1 - folded;
}

// What one output row is made of.
struct Taps {
  std::vector<int> rows;
  std::vector<double> weights;
};

Taps taps_of(int output, int count, double scale, bool antialias) {
  const double stretch = antialias && scale < 1 ? scale : 1;
  const double centre = (output + 0.5) / scale - 0.5;
  const double width = 4 / stretch;
  const int first = static_cast<int>(std::floor(centre - width / 2));
  const int reach = static_cast<int>(std::ceil(width)) + 2;
  Taps taps;
  double sum = 0;
  for (int row = first; row < first + reach; ++row) {
    const double weight = cubic(stretch * (centre - row));
    if (weight == 0) continue;
    taps.rows.push_back(mirrored(row, count));
    taps.weights.push_back(weight);
    sum += weight;
  }
  for (double& weight : taps.weights) weight /= sum;
  return taps;
}

// CV_64F in and out.
cv::Mat resize_rows(const cv::Mat& frame, double scale, bool antialias) {
  const int count = static_cast<int>(std::ceil(frame.rows * scale));
  cv::Mat result = cv::Mat::zeros(count, frame.cols, frame.type());
  for (int output = 0; output < count; ++output) {
    const Taps taps = taps_of(output, frame.rows, scale, antialias);
    for (std::size_t i = 0; i < taps.rows.size(); ++i) {
      cv::scaleAdd(frame.row(taps.rows[i]), taps.weights[i], result.row(output),
                   result.row(output));
    }
  }
  return result;
}

}  // namespace

cv::Mat matlab_resize(const cv::Mat& frame, double scale, bool antialias) {
  cv::Mat values;
  frame.convertTo(values, CV_64F);
  const cv::Mat fewer_rows = resize_rows(values, scale, antialias);
  cv::Mat turned;
  cv::transpose(fewer_rows, turned);
  cv::transpose(resize_rows(turned, scale, antialias), values);
  cv::Mat result;
  values.convertTo(result, CV_32F);
  return result;
}

}  // namespace oasis::degrade
