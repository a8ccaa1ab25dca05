#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "oasis/eval/results.h"

namespace oasis::eval::page {

/// The element of clip `index` on an evaluation's page: "clip-3".
std::string clip_id(std::size_t index);

/// The element that shows picture `frame` (an index) of clip `index`: "clip-3-frame-0".
std::string frame_id(std::size_t index, std::size_t frame);

/// Means of all metrics with the best and the worst clip, and what was not computed.
std::string summary_section(const EvaluationResult& result);

/// The clips that failed, with the reasons; empty if none did.
std::string failures(const std::vector<ClipResult>& clips);

/// The metrics that are missing, with the reasons; empty if none is.
std::string not_computed(const std::vector<MissingMetric>& missing);

/// Published rows, set by set, below one's own means.
std::string published_section(const EvaluationResult& result);

/// The clips' scores as a table that can be sorted.
std::string clip_table_section(const EvaluationResult& result);

/// The frames with the worst values, over all clips.
std::string worst_frames_section(const EvaluationResult& result);

/// One part to unfold per clip: pictures, curves, x-t slices, spectrum.
std::string clip_details_section(const EvaluationResult& result, nlohmann::json& plots);

/// The protocol's choices, what deviates from them, and versions.
std::string protocol_section(const EvaluationResult& result);

}  // namespace oasis::eval::page
