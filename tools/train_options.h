#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace oasis::tools {

/// What `oasis-train` was asked to do.
struct TrainOptions {
  std::filesystem::path config;
  std::vector<std::string> overrides;  ///< "a.b=c"
  bool resume = false;                 ///< from the newest checkpoint, if there is one
  bool dry_run = false;
  bool check_data = false;
  int preview = 0;                   ///< clips on a contact sheet; 0: none
  std::filesystem::path degrade_to;  ///< write packed samples and stop
  int samples = 512;                 ///< of `degrade_to`
  bool whole = false;                ///< `degrade_to` writes whole clips instead
  int seeds = 1;                     ///< variants of each whole clip
  int frames = 0;                    ///< of a whole clip, at most; 0: all
  int ridge = 0;                     ///< samples of the projector's fit; 0: none
  int processes = 1;                 ///< to start on this machine, one rank each
  std::string device = "cpu";
  int threads = 0;
  bool quiet = false;
  bool verbose = false;
  bool json = false;
};

/// Nothing after `--help` or `--version`. Throws `oasis::Error` (usage).
std::optional<TrainOptions> parse_train_options(int argc, char** argv);

}  // namespace oasis::tools
