#include "oasis/infer/blend.h"

#include <algorithm>

namespace oasis::infer {

double fade_in_weight(std::int64_t i, std::int64_t overlap) {
  return static_cast<double>(i + 1) / static_cast<double>(overlap + 1);
}

std::vector<std::vector<double>> blend_weights(const std::vector<Span>& spans,
                                               std::int64_t length) {
  std::vector<std::vector<double>> weights;
  std::vector<double> sums(static_cast<size_t>(length), 0.0);
  for (size_t s = 0; s < spans.size(); ++s) {
    const Span& span = spans[s];
    const std::int64_t before =
        s == 0 ? 0 : std::max<std::int64_t>(0, spans[s - 1].end() - span.first);
    const std::int64_t after =
        s + 1 == spans.size() ? 0 : std::max<std::int64_t>(0, span.end() - spans[s + 1].first);
    std::vector<double> weight(static_cast<size_t>(span.count), 1.0);
    for (std::int64_t i = 0; i < span.count; ++i) {
      double& value = weight[static_cast<size_t>(i)];
      if (i < before) value = std::min(value, fade_in_weight(i, before));
      const std::int64_t from_end = span.count - 1 - i;
      if (from_end < after) value = std::min(value, fade_in_weight(from_end, after));
      sums[static_cast<size_t>(span.first + i)] += value;
    }
    weights.push_back(std::move(weight));
  }
  for (size_t s = 0; s < spans.size(); ++s) {
    for (size_t i = 0; i < weights[s].size(); ++i) {
      weights[s][i] /= sums[static_cast<size_t>(spans[s].first) + i];
    }
  }
  return weights;
}

}  // namespace oasis::infer
