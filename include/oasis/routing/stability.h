#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "oasis/routing/assignment.h"

namespace oasis::routing {

/// The numbers 0 to count - 1 in an order that depends on the seed alone, equal on every platform.
std::vector<std::int64_t> random_order(std::int64_t count, std::uint64_t seed);

/// How many videos a subset takes: 50, or half of them (at least one) if there are fewer than 100.
std::int64_t subset_size(std::int64_t videos);

/// Do random subsets of the videos give the same map?
struct Stability {
  std::int64_t subset = 0;      ///< videos in each subset
  std::vector<HeadKinds> maps;  ///< one per subset
  /// `[subsets][subsets]`: share of the heads on which two maps agree, 0 to 1.
  std::vector<std::vector<double>> agreement;
  double mean_agreement = 1;  ///< over all pairs
  double least_agreement = 1;
  /// Mean over all pairs of the Jaccard overlap |A n B| / |A u B| of the sets of heads with a kind
  /// (1 if both are empty), and the mean of the three.
  double jaccard_global = 1;
  double jaccard_intra = 1;
  double jaccard_window = 1;
  double jaccard = 1;
  /// `[layers][heads]`: share of the subsets whose map agrees with the map of all videos.
  std::vector<std::vector<double>> head_agreement;
};

/// `video(i)` gives the scores of video i, 0 <= i < videos; each is asked for once, in order, and
/// let go, so memory grows with the subsets and not with the videos. `all` is the map of all
/// videos. Throws `oasis::Error` (usage) for fewer than two videos or subsets.
Stability measure_stability(std::int64_t videos,
                            const std::function<HeadScores(std::int64_t)>& video,
                            std::int64_t subsets, std::uint64_t seed, Score score, double rho,
                            const HeadKinds& all);

}  // namespace oasis::routing
