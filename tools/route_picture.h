#pragma once

#include <filesystem>

#include "oasis/routing/assignment.h"
#include "oasis/routing/stability.h"

namespace oasis::tools {

/// A PNG of three panels of layers x heads: the kinds, and the two scores that decided, each with
/// its legend; small scores (little is lost) are dark.
void draw_head_map(const std::filesystem::path& path, const routing::HeadKinds& kinds,
                   const routing::HeadScores& scores, routing::Score score);

/// A PNG of two panels: the agreement of every pair of subsets, and for every head the share of
/// subsets that agree with the map of all videos.
void draw_stability(const std::filesystem::path& path, const routing::Stability& stability);

}  // namespace oasis::tools
