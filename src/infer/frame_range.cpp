#include "oasis/infer/frame_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"

namespace oasis::infer {
namespace {

constexpr double kEndless = 1e7;  ///< seconds; stands for "to the end" in a PtsRange

[[noreturn]] void bad_range(const char* option, const std::string& text, const char* form) {
  throw Error(ExitCode::usage, fmt::format("{}: \"{}\" is not {}", option, text, form));
}

/// A count of frames; `none` for an empty text.
std::optional<std::int64_t> parse_count(const std::string& text, std::int64_t none) {
  if (text.empty()) return none;
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < 0) return std::nullopt;
  return value;
}

/// "75", "1:15.5", "0:01:15" in seconds; `none` for an empty text.
std::optional<double> parse_seconds(const std::string& text, double none) {
  if (text.empty()) return none;
  if (text.find_first_not_of("0123456789.:") != std::string::npos) return std::nullopt;
  double seconds = 0;
  int parts = 0;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(':', from), text.size());
    const std::string part = text.substr(from, to - from);
    char* end = nullptr;
    const double value = std::strtod(part.c_str(), &end);
    if (part.empty() || *end != '\0' || ++parts > 3) return std::nullopt;
    seconds = 60 * seconds + value;
    from = to + 1;
  }
  return seconds;
}

}  // namespace

bool FrameRange::whole() const {
  const FrameRange all;
  return first_frame == all.first_frame && end_frame == all.end_frame &&
         first_second == all.first_second && end_second == all.end_second;
}

FrameRange parse_frame_range(const std::string& text) {
  constexpr const char* form = "A:B with 0 <= A < B, for example 100:200";
  const auto colon = text.find(':');
  if (colon == std::string::npos) bad_range("--frames", text, form);
  FrameRange range;
  const auto first = parse_count(text.substr(0, colon), range.first_frame);
  const auto end = parse_count(text.substr(colon + 1), range.end_frame);
  if (!first || !end || *first >= *end) bad_range("--frames", text, form);
  range.first_frame = *first;
  range.end_frame = *end;
  return range;
}

FrameRange parse_time_range(const std::string& text) {
  constexpr const char* form = "A-B with A before B, for example 1:05-1:20.5";
  const auto dash = text.find('-');
  if (dash == std::string::npos) bad_range("--time", text, form);
  FrameRange range;
  const auto first = parse_seconds(text.substr(0, dash), range.first_second);
  const auto end = parse_seconds(text.substr(dash + 1), range.end_second);
  if (!first || !end || *first >= *end) bad_range("--time", text, form);
  range.first_second = *first;
  range.end_second = *end;
  return range;
}

RangedReader::RangedReader(media::VideoReader& reader, const FrameRange& range)
    : reader_(reader), range_(range) {
  while (index_ < range_.first_frame ? reader_.skip(pending_) : reader_.next(pending_)) {
    throw_if_interrupted();
    if (index_ == 0) zero_pts_ = pending_.pts;
    const std::int64_t frame = index_++;
    if (!in_range(frame, seconds_of(pending_))) continue;
    has_pending_ = true;
    first_pts_ = pending_.pts;
    return;
  }
  throw Error(ExitCode::unreadable_input,
              index_ == 0 ? std::string("the input holds no frame that can be decoded")
                          : fmt::format("no frame of the input lies in the range asked for: it has "
                                        "{} frames; choose another --frames or --time",
                                        index_));
}

bool RangedReader::in_range(std::int64_t frame, double seconds) const {
  return frame >= range_.first_frame && frame < range_.end_frame &&
         seconds >= range_.first_second && seconds < range_.end_second;
}

double RangedReader::seconds_of(const media::Frame& frame) const {
  return static_cast<double>(frame.pts - zero_pts_) * reader_.info().time_base.value();
}

bool RangedReader::next(media::Frame& frame) {
  if (has_pending_) {
    std::swap(frame, pending_);
    pending_ = {};
    has_pending_ = false;
    return true;
  }
  // The end is looked for before decoding where it can be: what lies behind it may be damaged.
  if (over_ || index_ >= range_.end_frame || !reader_.next(frame)) {
    over_ = true;
    return false;
  }
  over_ = !in_range(index_++, seconds_of(frame));
  return !over_;
}

std::int64_t RangedReader::expected_frames() const {
  const auto& info = reader_.info();
  std::int64_t total = info.frame_count;
  if (total == 0) total = std::llround(info.duration_seconds * info.frame_rate.value());
  const auto at = [&](double seconds) {
    return static_cast<std::int64_t>(
        std::ceil(std::min(seconds, kEndless) * info.frame_rate.value()));
  };
  const std::int64_t first = std::max(range_.first_frame, at(range_.first_second));
  std::int64_t end = std::min(range_.end_frame, at(range_.end_second));
  if (total > 0) end = std::min(end, total);
  if (total == 0 && end >= at(kEndless)) return 0;
  return std::max<std::int64_t>(0, end - first);
}

std::optional<media::PtsRange> RangedReader::pts_range() const {
  if (range_.whole()) return std::nullopt;
  const auto& info = reader_.info();
  double seconds = kEndless;
  if (range_.end_frame != FrameRange{}.end_frame) {
    seconds = static_cast<double>(range_.end_frame - range_.first_frame) / info.frame_rate.value();
  }
  std::int64_t end =
      first_pts_ + std::llround(std::min(seconds, kEndless) / info.time_base.value());
  if (std::isfinite(range_.end_second)) {
    end = zero_pts_ + std::llround(range_.end_second / info.time_base.value());
  }
  return media::PtsRange{first_pts_, std::max(end, first_pts_ + 1)};
}

}  // namespace oasis::infer
