#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace oasis {

/// Progress of long work on standard error: one line redrawn on a terminal, otherwise a plain text
/// line at most every ten seconds. Says units done, speed and the time still to go.
class Progress {
 public:
  /// `what`: "upscaling"; `unit`: "frames"; `total` 0: not known (no percentage, no time to go).
  /// `done_before`: of an earlier run; they do not count for the speed.
  Progress(std::string what, std::string unit, std::int64_t total, std::int64_t done_before = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` units of the total are finished.
  void update(std::int64_t done);
  /// What stands at the line's end from now on: "loss 0.01".
  void note(std::string text) { note_ = std::move(text); }
  /// Draws the last state and ends the line; later updates are ignored.
  void finish();
  /// No output at all (`--quiet`), for every Progress made later.
  static void silence(bool quiet);

 private:
  std::string line() const;
  void draw(bool last);

  std::string what_;
  std::string unit_;
  std::int64_t total_;
  std::int64_t before_;
  std::int64_t done_;
  std::string note_;
  bool terminal_;
  bool finished_ = false;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point drawn_;
};

/// 75 -> "1:15", 3675 -> "1:01:15".
std::string format_duration(double seconds);

}  // namespace oasis
