#include "oasis/core/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <utility>

namespace oasis {
namespace {

std::atomic<bool> silenced{false};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Progress::Progress(std::string what, std::string unit, std::int64_t total, std::int64_t done_before)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      total_(total),
      before_(done_before),
      done_(done_before),
      terminal_(isatty(STDERR_FILENO) == 1),
      finished_(silenced),
      start_(std::chrono::steady_clock::now()),
      drawn_(start_) {}

Progress::~Progress() {
  if (!finished_ && terminal_ && done_ > before_) std::fputc('\n', stderr);
}

void Progress::silence(bool quiet) { silenced = quiet; }

void Progress::update(std::int64_t done) {
  done_ = done;
  if (finished_) return;
  if (seconds_since(drawn_) >= (terminal_ ? 0.2 : 10.0)) draw(false);
}

void Progress::finish() {
  if (finished_) return;
  draw(true);
  finished_ = true;
}

std::string Progress::line() const {
  const double elapsed = seconds_since(start_);
  const double rate = elapsed > 0 ? static_cast<double>(done_ - before_) / elapsed : 0;
  const std::string speed = fmt::format("{:.2f} {}/s", rate, unit_);
  const std::string note = note_.empty() ? "" : ", " + note_;
  if (total_ <= 0) {
    return fmt::format("{}: {} {}, {}, {}{}", what_, done_, unit_, speed, format_duration(elapsed),
                       note);
  }
  const std::int64_t left = std::max<std::int64_t>(total_ - done_, 0);
  const std::string rest = left == 0  ? "in " + format_duration(elapsed)
                           : rate > 0 ? "ETA " + format_duration(static_cast<double>(left) / rate)
                                      : "ETA -";
  const auto percent =
      std::min(100.0, 100.0 * static_cast<double>(done_) / static_cast<double>(total_));
  return fmt::format("{}: {}/{} {} ({:.0f}%), {}, {}{}", what_, done_, total_, unit_, percent,
                     speed, rest, note);
}

void Progress::draw(bool last) {
  drawn_ = std::chrono::steady_clock::now();
  if (terminal_) {
    std::fputs(fmt::format("\r\033[K{}{}", line(), last ? "\n" : "").c_str(), stderr);
  } else {
    std::fputs(fmt::format("{}\n", line()).c_str(), stderr);
  }
  std::fflush(stderr);
}

std::string format_duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::max(0.0, seconds)));
  const auto hours = whole / 3600;
  const auto minutes = whole / 60 % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60)
                   : fmt::format("{}:{:02}", minutes, whole % 60);
}

}  // namespace oasis
