#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace oasis {

/// Progress of long work on standard error: one line redrawn on a terminal, otherwise a plain text
/// line at most every ten seconds. Says units done, speed and the time still to go.
class Progress {
 public:
  /// `what`: "upscaling"; `unit`: "frames"; `total` 0: not known (no percentage, no time to go).
  Progress(std::string what, std::string unit, std::int64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` units of the total are finished.
  void update(std::int64_t done);
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
  std::int64_t done_ = 0;
  bool terminal_;
  bool finished_ = false;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point drawn_;
};

/// 75 -> "1:15", 3675 -> "1:01:15".
std::string format_duration(double seconds);

}  // namespace oasis
