#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "oasis/routing/head_scores.h"
#include "route_clip.h"

namespace oasis::tools {

/// What the command line of oasis-route says.
struct RouteOptions {
  std::filesystem::path model;
  std::filesystem::path videos;  ///< a folder, a list of paths or one video
  std::filesystem::path out;     ///< folder
  std::int64_t count = 50;       ///< videos
  double rho = 0.4;              ///< share of heads that stay global, 0 to 1
  std::uint64_t seed = 0;
  bool on_base = false;
  std::int64_t stability = 0;  ///< subsets; 0: none
  routing::Score score = routing::Score::forward_floor;
  double eps = 1e-8;
  std::string degradation = "bicubic";  ///< as the command line has it
  ClipSettings clip;                    ///< its pipeline is made when all options are known
  std::string device = "cpu";
  std::string precision;
  int threads = 0;
  bool quiet = false;
  bool verbose = false;
  std::optional<std::string> json;  ///< a file; empty text: standard output
};

/// Reads the command line. Returns nothing when it only asked for help or the version, which is
/// then on standard output. Throws `oasis::Error` (usage).
std::optional<RouteOptions> parse_route_options(int argc, char** argv);

}  // namespace oasis::tools
