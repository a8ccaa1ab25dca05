#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "oasis/eval/results.h"

namespace oasis::eval::page {

/// A clip's name with its result per method; null where a method lacks it or failed on it.
struct MatchedClip {
  std::string name;
  std::vector<const ClipResult*> results;  ///< as `Comparison::methods`
};

/// The clips of all methods by name, in the order of their first appearance.
std::vector<MatchedClip> match_clips(const Comparison& comparison);

/// The metrics of all methods, in the order of their first appearance.
std::vector<MetricInfo> all_metrics(const Comparison& comparison);

/// Means of each metric, method beside method, and what speaks against comparing them.
std::string means_section(const Comparison& comparison);

/// Differences from the first method with their intervals, and clips won.
std::string differences_section(const Comparison& comparison);

/// A table of the clips' scores per metric.
std::string matched_table_section(const Comparison& comparison);

/// One part to unfold per clip: pictures of the methods, curves, slices, spectra.
std::string matched_details_section(const Comparison& comparison, nlohmann::json& plots);

/// Protocols and versions, method by method.
std::string protocols_section(const Comparison& comparison);

}  // namespace oasis::eval::page
