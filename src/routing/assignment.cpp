#include "oasis/routing/assignment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "oasis/core/error.h"

namespace oasis::routing {
namespace {

struct Candidate {
  double score;
  std::int64_t layer;
  std::int64_t head;
  nn::HeadKind kind;
};

/// In the order of layers, then heads.
std::vector<Candidate> candidates(const HeadScores& scores, Score score) {
  std::vector<Candidate> found;
  for (std::int64_t layer = 0; layer < scores.layers(); ++layer) {
    for (std::int64_t head = 0; head < scores.heads(); ++head) {
      const double intra = scores.at(layer, head, score, Pattern::intra);
      const double window = scores.at(layer, head, score, Pattern::window);
      if (std::isnan(intra) || std::isnan(window)) {
        throw Error(
            fmt::format("the {} score of layer {}, head {} is not a number: are the "
                        "model's weights damaged?",
                        to_string(score), layer, head));
      }
      const bool take_window = window < intra;
      found.push_back({take_window ? window : intra, layer, head,
                       take_window ? nn::HeadKind::window : nn::HeadKind::intra});
    }
  }
  return found;
}

}  // namespace

std::int64_t global_heads(double rho, std::int64_t heads) {
  if (!(rho >= 0 && rho <= 1)) {
    throw Error(ExitCode::usage, fmt::format("rho {} is not from 0 to 1", rho));
  }
  const auto count = static_cast<std::int64_t>(std::ceil(rho * static_cast<double>(heads) - 1e-9));
  return std::clamp<std::int64_t>(count, 0, heads);
}

HeadKinds assign(const HeadScores& scores, Score score, double rho) {
  auto sorted = candidates(scores, score);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Candidate& a, const Candidate& b) { return a.score < b.score; });
  const auto total = static_cast<std::int64_t>(sorted.size());
  sorted.resize(static_cast<std::size_t>(total - global_heads(rho, total)));
  const std::vector<nn::HeadKind> row(static_cast<std::size_t>(scores.heads()),
                                      nn::HeadKind::global);
  HeadKinds kinds(static_cast<std::size_t>(scores.layers()), row);
  for (const Candidate& routed : sorted) {
    kinds[static_cast<std::size_t>(routed.layer)][static_cast<std::size_t>(routed.head)] =
        routed.kind;
  }
  return kinds;
}

std::int64_t differing_heads(const HeadKinds& a, const HeadKinds& b) {
  if (a.size() != b.size()) throw Error("two head maps of different transformers");
  std::int64_t count = 0;
  for (std::size_t layer = 0; layer < a.size(); ++layer) {
    if (a[layer].size() != b[layer].size()) throw Error("two head maps of different transformers");
    for (std::size_t head = 0; head < a[layer].size(); ++head) {
      count += a[layer][head] != b[layer][head] ? 1 : 0;
    }
  }
  return count;
}

ScoreComparison compare_scores(const HeadScores& scores, double rho) {
  ScoreComparison result;
  for (const Score score : kScores) {
    result.kinds[static_cast<std::size_t>(score)] = assign(scores, score, rho);
  }
  const auto& [forward, reverse, leaked] = result.kinds;
  result.forward_reverse = differing_heads(forward, reverse);
  result.forward_leaked = differing_heads(forward, leaked);
  result.reverse_leaked = differing_heads(reverse, leaked);
  for (std::size_t layer = 0; layer < forward.size(); ++layer) {
    for (std::size_t head = 0; head < forward[layer].size(); ++head) {
      const auto kind = forward[layer][head];
      const bool agree = reverse[layer][head] == kind && leaked[layer][head] == kind;
      result.differ += agree ? 0 : 1;
    }
  }
  return result;
}

}  // namespace oasis::routing
