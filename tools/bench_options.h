#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace oasis::tools {

/// What the command line of `oasis-bench model` says.
struct BenchOptions {
  std::filesystem::path model;  ///< a folder; empty: random weights of `size`
  std::string size = "nano";    ///< "nano", "tiny" or "wan-1.3b"
  std::int64_t layers = 0;      ///< blocks of the DiT with random weights; 0: as many as published
  std::array<std::int64_t, 3> routed{};  ///< percent of heads global, intra, window; all 0: as is
  std::int64_t width = 320;              ///< of the LQ frames, pixels
  std::int64_t height = 180;
  std::int64_t frames = 33;
  std::string device = "cpu";
  std::string precision;
  int threads = 0;
  int repeat = 5;                   ///< timed calls after the first
  bool profile = false;             ///< one more call, timed operator by operator
  std::optional<std::string> json;  ///< a file; empty text: standard output
};

/// Reads the command line. Returns nothing when it only asked for help or the version, which is
/// then on standard output. Throws `oasis::Error` (usage).
std::optional<BenchOptions> parse_bench_options(int argc, char** argv);

}  // namespace oasis::tools
