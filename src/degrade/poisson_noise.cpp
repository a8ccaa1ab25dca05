#include <algorithm>
#include <array>
#include <bit>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "degrade/noise_words.h"
#include "degrade/poisson_table.h"
#include "oasis/degrade/frames.h"
#include "oasis/degrade/noise.h"

namespace oasis::degrade {
namespace {

int distinct_values(const cv::Mat& values) {
  std::array<bool, 256> seen{};
  for (int row = 0; row < values.rows; ++row) {
    const auto* line = values.ptr<std::uint8_t>(row);
    for (int i = 0; i < values.cols * values.channels(); ++i) seen[line[i]] = true;
  }
  return static_cast<int>(std::count(seen.begin(), seen.end(), true));
}

double count_unit(int levels, PoissonConvention convention) {
  return (convention == PoissonConvention::unit ? 255.0 : 1.0) / levels;
}

}  // namespace

PoissonField poisson_field(const cv::Mat& frame, bool gray) {
  cv::Mat source = frame;
  if (gray) cv::cvtColor(frame, source, cv::COLOR_RGB2GRAY);
  const cv::Mat values = quantise(source);
  const auto distinct = static_cast<unsigned>(distinct_values(values));
  return {values, static_cast<int>(std::bit_ceil(distinct))};
}

double poisson_rate(int v, int levels, PoissonConvention convention) {
  return v / count_unit(levels, convention);
}

double poisson_offset(std::int64_t count, int v, int levels, PoissonConvention convention) {
  return static_cast<double>(count) * count_unit(levels, convention) - v;
}

cv::Mat poisson_counts(const PoissonField& field, PoissonConvention convention,
                       const NoiseStream& stream) {
  const auto tables = poisson_tables(field.levels, convention);
  const cv::Mat values = field.values.isContinuous() ? field.values : field.values.clone();
  cv::Mat counts(values.size(), CV_32SC(values.channels()));
  const auto* v = values.ptr<std::uint8_t>();
  auto* target = counts.ptr<std::int32_t>();
  const std::size_t count = values.total() * static_cast<std::size_t>(values.channels());
  WordBatch words;
  for (std::size_t done = 0; done < count; done += 4 * kBatch) {
    draw_words(stream, done / 4, words);
    const std::size_t here = std::min(count - done, 4 * kBatch);
    for (std::size_t i = 0; i < here; ++i) {
      target[done + i] = (*tables)[v[done + i]].count(words[i % 4][i / 4]);
    }
  }
  return counts;
}

cv::Mat add_poisson(const cv::Mat& frame, const PoissonField& field, const cv::Mat& counts,
                    double scale, PoissonConvention convention) {
  const double unit = count_unit(field.levels, convention);
  const int channels = frame.channels(), drawn = field.values.channels();
  cv::Mat result(frame.size(), frame.type());
  for (int row = 0; row < frame.rows; ++row) {
    const auto* x = frame.ptr<float>(row);
    const auto* v = field.values.ptr<std::uint8_t>(row);
    const auto* count = counts.ptr<std::int32_t>(row);
    auto* y = result.ptr<float>(row);
    for (int i = 0; i < frame.cols * channels; ++i) {
      const int j = drawn == 1 ? i / channels : i;
      y[i] = static_cast<float>(x[i] + scale * (count[j] * unit - v[j]));
    }
  }
  return result;
}

}  // namespace oasis::degrade
