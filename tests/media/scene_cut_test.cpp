#include "oasis/media/scene_cut.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <vector>

#include "oasis/media/video_reader.h"

namespace oasis::media {
namespace {

using Picture = std::function<float(int channel, double x, double y)>;

Frame draw(const Picture& picture) {
  Frame frame;
  frame.resize(96, 54);
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < 54; ++y) {
      for (int x = 0; x < 96; ++x) frame.plane(c)[y * 96 + x] = picture(c, x, y);
    }
  }
  return frame;
}

/// Coloured waves moved by `shift` pixels.
Frame meadow(double shift, float light = 0) {
  return draw([=](int c, double x, double y) {
    return light + 0.35F +
           0.2F * static_cast<float>(std::sin((x + shift) / 9 + c) * std::cos(y / 7));
  });
}

Frame night(double shift) {
  return draw([=](int c, double x, double y) {
    return (c == 2 ? 0.35F : 0.08F) + 0.06F * static_cast<float>(std::sin((x + y + shift) / 5));
  });
}

std::vector<int> cuts_of(const std::vector<Frame>& frames) {
  SceneCutDetector detector;
  std::vector<int> cuts;
  int index = 0;
  const auto note = [&](std::optional<bool> cut) {
    if (!cut) return;
    if (*cut) cuts.push_back(index);
    ++index;
  };
  for (const auto& frame : frames) note(detector.push(frame));
  note(detector.finish());
  EXPECT_EQ(index, static_cast<int>(frames.size())) << "one answer per frame";
  return cuts;
}

TEST(SceneCut, FindsCuts) {
  std::vector<Frame> frames;
  for (int i = 0; i < 6; ++i) frames.push_back(meadow(i));
  for (int i = 0; i < 5; ++i) frames.push_back(night(i));
  for (int i = 0; i < 4; ++i) frames.push_back(meadow(2 * i));
  EXPECT_EQ(cuts_of(frames), (std::vector<int>{6, 11}));
}

TEST(SceneCut, FindsACutAtTheLastFrame) {
  EXPECT_EQ(cuts_of({meadow(0), meadow(1), meadow(2), night(0)}), (std::vector<int>{3}));
}

TEST(SceneCut, FindsTheCutOfARealClip) {
  const std::filesystem::path clip = OASIS_SHARED_DATA_DIR "/lq/odd/scene_cut.mp4";
  if (!std::filesystem::exists(clip)) GTEST_SKIP() << "no " << clip;
  const auto reader = VideoReader::open(clip);
  std::vector<Frame> frames;
  for (Frame frame; reader->next(frame);) frames.push_back(frame);
  EXPECT_EQ(cuts_of(frames), (std::vector<int>{21}));
}

TEST(SceneCut, FastMotionIsNoCut) {
  std::vector<Frame> frames;
  for (int i = 0; i < 12; ++i) frames.push_back(meadow(11.0 * i * i));
  EXPECT_TRUE(cuts_of(frames).empty());
}

TEST(SceneCut, AFlashIsNoCut) {
  std::vector<Frame> frames;
  for (int i = 0; i < 12; ++i) frames.push_back(meadow(i, i == 5 ? 0.45F : 0.0F));
  EXPECT_TRUE(cuts_of(frames).empty());
}

TEST(SceneCut, AFadeIsNoCut) {
  std::vector<Frame> frames;
  for (int i = 0; i < 20; ++i) frames.push_back(meadow(0, -0.02F * static_cast<float>(i)));
  EXPECT_TRUE(cuts_of(frames).empty());
}

TEST(SceneCut, TinyFramesAndNoFrames) {
  Frame frame;
  frame.resize(16, 16);
  EXPECT_TRUE(cuts_of({frame}).empty());
  EXPECT_FALSE(SceneCutDetector().finish().has_value());
}

}  // namespace
}  // namespace oasis::media
