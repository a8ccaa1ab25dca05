#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "oasis/eval/protocol.h"
#include "oasis/infer/frame_range.h"

namespace oasis::tools {

/// What the command line of oasis-eval says.
struct EvalOptions {
  std::filesystem::path output;
  std::filesystem::path reference;
  std::filesystem::path input;          ///< low-quality clips, for the report's bicubic pictures
  std::vector<std::string> compare;     ///< results or outputs, the first is compared with
  std::filesystem::path bars;           ///< judge --compare's folders of results by this file
  std::vector<std::string> metrics;     ///< of the catalogue
  eval::Protocol protocol;              ///< as used
  std::vector<std::string> deviations;  ///< of it from the named one
  infer::FrameRange frames;
  std::filesystem::path weights;
  bool checked_weights = true;
  std::string name;                 ///< of the method; empty: that of the outputs' folder
  std::string published;            ///< test set whose published rows are shown
  std::optional<std::string> json;  ///< a file; empty text: standard output
  std::filesystem::path csv;
  std::filesystem::path html;
  std::filesystem::path markdown;  ///< of --bars
  bool fresh = false;              ///< nothing is taken from an earlier run
  std::string device = "cpu";
  int threads = 0;
  bool quiet = false;
  bool verbose = false;
  bool weights_help = false;
};

/// Reads the command line. Returns nothing when it only asked for help or the version, which is
/// then on standard output. Throws `oasis::Error` (usage).
std::optional<EvalOptions> parse_eval_options(int argc, char** argv);

}  // namespace oasis::tools
