#include <algorithm>

#include "eval/page/comparison_sections.h"

namespace oasis::eval::page {

std::vector<MatchedClip> match_clips(const Comparison& comparison) {
  std::vector<MatchedClip> matched;
  for (std::size_t i = 0; i < comparison.methods.size(); ++i) {
    for (const ClipResult& clip : comparison.methods[i].clips) {
      auto found = std::find_if(matched.begin(), matched.end(),
                                [&](const MatchedClip& other) { return other.name == clip.name; });
      if (found == matched.end()) {
        matched.push_back({clip.name, {}});
        matched.back().results.resize(comparison.methods.size(), nullptr);
        found = matched.end() - 1;
      }
      if (clip.error.empty()) found->results[i] = &clip;
    }
  }
  return matched;
}

std::vector<MetricInfo> all_metrics(const Comparison& comparison) {
  std::vector<MetricInfo> metrics;
  for (const EvaluationResult& method : comparison.methods) {
    for (const MetricInfo& metric : method.metrics) {
      const bool known = std::any_of(metrics.begin(), metrics.end(), [&](const MetricInfo& other) {
        return other.key == metric.key;
      });
      if (!known) metrics.push_back(metric);
    }
  }
  return metrics;
}

}  // namespace oasis::eval::page
