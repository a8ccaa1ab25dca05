#pragma once

#include <filesystem>

#include "oasis/eval/results.h"

namespace oasis::eval {

/// Writes the report of one evaluation: a single HTML file that needs no network, with the means,
/// the published rows, a table of the clips, the worst frames and, for each clip, its pictures
/// behind a movable divider, its curves by frame, its x-t slices and the spectrum of its luma.
///
/// Value `i` of a curve belongs to frame `i` (of a metric of frame pairs: to the pair's first).
/// A luma spectrum of `clip.frames / 2 + 1` values has value `i` at `i / frames` cycles a frame;
/// of any other length n it runs evenly from 0 to one half cycle, value `i` at `i / (2 (n - 1))`.
/// Values that are infinite show as "∞", NaN and what is absent as "–". All text is escaped; bytes
/// that are no UTF-8 show as U+FFFD. The same result gives the same bytes.
///
/// The file is written as `path` + ".part" and renamed. Throws `oasis::Error` (`failed`).
void write_evaluation_page(const EvaluationResult& result, const std::filesystem::path& path);

/// Writes the report of several methods side by side: means, paired differences from the first
/// method with their intervals, the clips' scores, and pictures of the same frame behind a movable
/// divider. Clips belong together by name, pictures by frame number. Otherwise as above.
void write_comparison_page(const Comparison& comparison, const std::filesystem::path& path);

}  // namespace oasis::eval
