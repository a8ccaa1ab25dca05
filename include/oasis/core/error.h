#pragma once

#include <stdexcept>
#include <string>

namespace oasis {

/// What a program's exit status means (`docs/interfaces.md`, "Exit codes").
enum class ExitCode : int {
  done = 0,
  failed = 1,               ///< an error that is none of the others
  usage = 2,                ///< wrong options or configuration
  unreadable_input = 3,     ///< the input cannot be read at all
  out_of_memory = 4,        ///< not enough memory at the smallest plan
  partly_decoded = 5,       ///< the input was damaged; what could be decoded is done
  batch_partly_failed = 6,  ///< some of several inputs failed
  interrupted = 130,        ///< Ctrl-C
  terminated = 143,         ///< SIGTERM
};

/// A mistake of the user's or a condition of the outside world: `what()` is one line that says what
/// was wrong, where, and what to do. Programs print it and exit with `code()`.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : Error(ExitCode::failed, message) {}
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

}  // namespace oasis
