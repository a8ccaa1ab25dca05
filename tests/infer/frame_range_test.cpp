#include "oasis/infer/frame_range.h"

#include <gtest/gtest.h>

#include "oasis/core/error.h"

namespace oasis::infer {
namespace {

/// Frames at 10 per second from pts 7, in milliseconds.
class FakeReader : public media::VideoReader {
 public:
  FakeReader() {
    info_.time_base = {1, 1000};
    info_.frame_rate = {10, 1};
    info_.frame_count = 50;
  }
  const media::VideoInfo& info() const override { return info_; }
  bool next(media::Frame& frame) override {
    if (given_ == 50) return false;
    frame.pts = 7 + 100 * given_++;
    return true;
  }
  bool skip(media::Frame& frame) override { return next(frame); }

 private:
  media::VideoInfo info_;
  int given_ = 0;
};

struct Seen {
  std::int64_t first = -1;
  std::int64_t count = 0;
  std::int64_t expected = 0;
  std::optional<media::PtsRange> pts;
};

Seen read(const FrameRange& range) {
  FakeReader reader;
  RangedReader ranged(reader, range);
  Seen seen;
  seen.expected = ranged.expected_frames();
  seen.pts = ranged.pts_range();
  for (media::Frame frame; ranged.next(frame); ++seen.count) {
    if (seen.count == 0) seen.first = frame.pts;
  }
  return seen;
}

TEST(FrameRange, ReadsTheFramesAskedFor) {
  EXPECT_EQ(read({}).count, 50);
  EXPECT_FALSE(read({}).pts.has_value());
  const Seen some = read(parse_frame_range("10:13"));
  EXPECT_EQ(some.first, 1007);
  EXPECT_EQ(some.count, 3);
  EXPECT_EQ(some.expected, 3);
  EXPECT_EQ(some.pts->begin, 1007);
  EXPECT_EQ(some.pts->end, 1307);
  EXPECT_EQ(read(parse_frame_range("45:")).count, 5);
  EXPECT_EQ(read(parse_frame_range(":4")).count, 4);
}

TEST(FrameRange, ReadsTheTimesAskedFor) {
  const Seen some = read(parse_time_range("0:01-2.05"));
  EXPECT_EQ(some.first, 1007);
  EXPECT_EQ(some.count, 11);
  EXPECT_EQ(some.expected, 11);
  EXPECT_EQ(some.pts->end, 2057);
  EXPECT_EQ(parse_time_range("1:02:03.5-").first_second, 3723.5);
}

TEST(FrameRange, AnEmptyRangeIsAnError) {
  try {
    read(parse_frame_range("50:60"));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::unreadable_input);
  }
}

TEST(FrameRange, RefusesNonsense) {
  for (const char* text : {"", "5", "5:5", "9:2", "-1:4", "a:b", "1:2:3"}) {
    EXPECT_THROW(parse_frame_range(text), Error) << text;
  }
  for (const char* text : {"", "5", "5-5", "9-2", "a-b", "1::2-5", "1e3-2e3", "1:2:3:4-"}) {
    EXPECT_THROW(parse_time_range(text), Error) << text;
  }
}

}  // namespace
}  // namespace oasis::infer
