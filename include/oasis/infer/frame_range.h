#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "oasis/media/frame.h"
#include "oasis/media/video_reader.h"
#include "oasis/media/video_writer.h"

namespace oasis::infer {

/// A part of a video: frames `[first_frame, end_frame)` counted from 0, or frames shown at times
/// `[first_second, end_second)` counted from the first frame. All of it unless set.
struct FrameRange {
  std::int64_t first_frame = 0;
  std::int64_t end_frame = std::numeric_limits<std::int64_t>::max();
  double first_second = 0;
  double end_second = std::numeric_limits<double>::infinity();

  bool whole() const;
};

/// "A:B", "A:" or ":B". Throws `oasis::Error` (usage).
FrameRange parse_frame_range(const std::string& text);

/// "A-B", "A-" or "-B" with times as seconds, M:S or H:M:S, fractions allowed. Throws
/// `oasis::Error` (usage).
FrameRange parse_time_range(const std::string& text);

/// The frames of a reader that lie in a range.
class RangedReader {
 public:
  /// Skips to the first frame. Throws `oasis::Error` (unreadable_input) if there is none. The
  /// reader must outlive this.
  RangedReader(media::VideoReader& reader, const FrameRange& range);

  /// Fills `frame` with the next frame; false at the end.
  bool next(media::Frame& frame);

  /// Frames there will be, by the reader's estimate; 0 if not known.
  std::int64_t expected_frames() const;

  /// What a writer must know to cut sound to the part; nothing for the whole. The end is exact for
  /// times, and for frames when the frame rate is constant.
  std::optional<media::PtsRange> pts_range() const;

 private:
  bool in_range(std::int64_t frame, double seconds) const;
  double seconds_of(const media::Frame& frame) const;

  media::VideoReader& reader_;
  FrameRange range_;
  media::Frame pending_;  ///< the first frame until it is taken
  bool has_pending_ = false;
  bool over_ = false;
  std::int64_t index_ = 0;      ///< of the next frame the reader gives
  std::int64_t zero_pts_ = 0;   ///< time of the video's first frame
  std::int64_t first_pts_ = 0;  ///< time of the range's first frame
};

}  // namespace oasis::infer
