#include "oasis/routing/head_scores.h"

#include <fmt/format.h>

#include "oasis/core/error.h"

namespace oasis::routing {

std::string to_string(Score score) {
  if (score == Score::reverse) return "reverse";
  return score == Score::leaked_mass ? "leaked_mass" : "forward_floor";
}

Score score_from(const std::string& name) {
  for (const auto score : kScores) {
    if (name == to_string(score)) return score;
  }
  throw Error(ExitCode::usage,
              fmt::format("score '{}' is none of forward_floor, reverse, leaked_mass", name));
}

HeadScores::HeadScores(std::int64_t layers, std::int64_t heads)
    : layers_(layers),
      heads_(heads),
      values_(static_cast<std::size_t>(layers * heads) * kScoresPerHead, 0.0) {}

void MeanScores::add(const HeadScores& video) {
  if (count_ == 0) sum_ = HeadScores(video.layers(), video.heads());
  if (video.layers() != sum_.layers() || video.heads() != sum_.heads()) {
    throw Error("the scores of two videos are of different transformers");
  }
  for (std::size_t i = 0; i < sum_.values().size(); ++i) sum_.values()[i] += video.values()[i];
  ++count_;
}

HeadScores MeanScores::mean() const {
  if (count_ == 0) throw Error("there are no scores to average");
  HeadScores mean = sum_;
  for (double& value : mean.values()) value /= static_cast<double>(count_);
  return mean;
}

}  // namespace oasis::routing
