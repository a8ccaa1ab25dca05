#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "oasis/nn/head_map.h"
#include "oasis/routing/assignment.h"
#include "oasis/routing/stability.h"
#include "route_options.h"
#include "route_pass.h"

namespace oasis::tools {

/// All that a finished run knows.
struct RouteReport {
  RoutePass pass;
  nn::HeadMap map;
  routing::HeadScores scores;
  routing::ScoreComparison comparison;
  std::optional<routing::Stability> stability;
  std::string model_name;
  std::string latent_source;
  std::string device;
  std::string precision;
  double seconds = 0;
};

/// One line per used video, name and size, sorted by name: `head_map.yaml` holds its hash.
std::string videos_text(const RoutePass& pass);

/// "144 of 360 heads stay global; 150 window; 66 intra-frame".
std::string summary_sentence(const nn::HeadMap& map);

/// Writes head_map.yaml, scores.csv, head_map.png, summary.txt and, if it was measured,
/// stability.csv and stability.png. Their bytes depend on the statistics alone. Throws
/// `oasis::Error`.
void write_results(const std::filesystem::path& folder, const RouteReport& report,
                   routing::Score score);

/// What a user should know, on standard error.
void log_report(const RouteReport& report, const std::filesystem::path& folder);

/// The run as JSON, to `file` or, if that is empty, standard output. Throws `oasis::Error`.
void write_json_report(const RouteReport& report, const RouteOptions& options,
                       const std::string& file);

}  // namespace oasis::tools
