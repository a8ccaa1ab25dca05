#pragma once

namespace oasis::metrics {

/// DOVER's published scores, each in (0, 1); higher is better.
struct DoverScores {
  double technical = 0;
  double aesthetic = 0;
  double overall = 0;  ///< what its README recommends; 0.6104 of the first, 0.3896 of the second
};

/// From the branches' raw outputs (`evaluate_one_video.py`, `fuse_results`): each is standardised
/// by fixed constants and mapped by a sigmoid; `overall` is fused before the sigmoid.
DoverScores fuse_dover(double technical, double aesthetic);

}  // namespace oasis::metrics
