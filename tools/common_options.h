#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

#include "oasis/core/error.h"

namespace oasis::tools {

// Options that mean the same in every program that has them.

inline void add_precision_option(CLI::App& app, std::string& precision) {
  app.add_option("--precision", precision,
                 "fp32, bf16 or fp16 (default: fp32 on the CPU, bf16 on CUDA)");
}

inline void add_threads_option(CLI::App& app, int& threads) {
  app.add_option("--threads", threads, "CPU threads (default: all)")->check(CLI::Range(0, 4096));
}

inline void add_loudness_options(CLI::App& app, bool& quiet, bool& verbose) {
  app.add_flag("--quiet", quiet, "Only warnings and errors");
  app.add_flag("--verbose", verbose, "More detail");
}

/// `what` is written: "Report", "Results".
inline void add_json_option(CLI::App& app, std::string& json, const std::string& what) {
  app.add_option("--json", json,
                 what + " as JSON to FILE, or without one (last on the line) to standard output")
      ->expected(0, 1)
      ->option_text("[FILE]");
}

/// Reads the command line of a program ("oasis-infer", "oasis-bench degrade"). False when it only
/// asked for help or the version, which is then on standard output. Throws `oasis::Error` (usage).
inline bool parse_command_line(CLI::App& app, const char* program, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    app.exit(asked);
    return false;
  } catch (const CLI::ParseError& error) {
    throw Error(ExitCode::usage, fmt::format("{}; see {} --help", error.what(), program));
  }
  return true;
}

}  // namespace oasis::tools
