#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "oasis/nn/routed_attention.h"
#include "oasis/routing/head_scores.h"

namespace oasis::routing {

/// The kind of every head: one row per layer.
using HeadKinds = std::vector<std::vector<nn::HeadKind>>;

/// How many of `heads` heads stay global: ceil(rho * heads), where a product that lies a rounding
/// error above a whole number counts as that number. Throws `oasis::Error` (usage) unless rho is
/// from 0 to 1.
std::int64_t global_heads(double rho, std::int64_t heads);

/// The paper's Algorithm 1. Every head's candidate is the pattern of its smaller score (intra-frame
/// if they are equal); the heads of all layers together are sorted by that score (ties by layer,
/// then head), and all but the last `global_heads` take their candidate. Throws `oasis::Error` if a
/// score is not a number.
HeadKinds assign(const HeadScores& scores, Score score, double rho);

/// In how many heads two assignments differ. Throws `oasis::Error` if their shapes do.
std::int64_t differing_heads(const HeadKinds& a, const HeadKinds& b);

/// The assignments by all three scores and how far apart they are.
struct ScoreComparison {
  std::array<HeadKinds, kScores.size()> kinds;  ///< by `Score`
  std::int64_t differ = 0;                      ///< heads on which not all three agree
  std::int64_t forward_reverse = 0;             ///< heads on which these two differ, and so on
  std::int64_t forward_leaked = 0;
  std::int64_t reverse_leaked = 0;
};
ScoreComparison compare_scores(const HeadScores& scores, double rho);

}  // namespace oasis::routing
