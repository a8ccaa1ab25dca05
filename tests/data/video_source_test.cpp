#ifdef OASIS_WITH_MEDIA
#include "oasis/data/video_source.h"

#include <gtest/gtest.h>
#include <torch/torch.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

#include "orientation_search.h"

namespace oasis::data {
namespace {

namespace fs = std::filesystem;

// A photo of noise, 48x40 pixels.
class PhotoSource : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = fs::temp_directory_path() / ("oasis_photo_" + std::to_string(::getpid()) + ".ppm");
    std::ofstream file(path_, std::ios::binary);
    file << "P6\n48 40\n255\n";
    std::uint32_t state = 1;
    for (int i = 0; i < 48 * 40 * 3; ++i) {
      state = state * 1664525U + 1013904223U;
      file.put(static_cast<char>(state >> 24));
    }
  }
  void TearDown() override { fs::remove(path_); }

  Clip picture(bool still) const {
    Clip clip;
    clip.path = path_;
    clip.width = 48;
    clip.height = 40;
    clip.frames = 1;
    clip.still = still;
    return clip;
  }

  VideoSource source(bool turn, int width, int height) const {
    VideoSource::Options options;
    options.crop = {.frames = 1,
                    .width = width,
                    .height = height,
                    .margin = 1.0,
                    .extra_frames = 0,
                    .flip = turn,
                    .turn = turn,
                    .still_motion = false};
    return {ClipIndex{{picture(/*still=*/true)}, {}}, options, nullptr};
  }

  // Square HQ crops of the picture as a video of one frame.
  std::vector<TrainingSample> video_samples(int side, double shrink) const {
    VideoSource::Options options;
    options.crop = {.frames = 1,
                    .width = side,
                    .height = side,
                    .margin = 1.0,
                    .extra_frames = 0,
                    .flip = false,
                    .shrink = shrink};
    const VideoSource source(ClipIndex{{picture(/*still=*/false)}, {}}, options, nullptr);
    std::vector<TrainingSample> samples;
    for (std::uint64_t uid = 0; uid < 40; ++uid) samples.push_back(source.sample(uid));
    return samples;
  }

  // Which of the eight orientations turn up; -1: HQ and LQ are laid differently.
  std::set<int> orientations(int width, int height) const {
    std::set<int> seen;
    const auto counts =
        testing::count_orientations(source(false, width, height), source(true, width, height), 60);
    for (const auto& [orientation, count] : counts) seen.insert(orientation);
    return seen;
  }

  fs::path path_;
};

TEST_F(PhotoSource, TurnsSquareCropsInAllEightWays) {
  EXPECT_EQ(orientations(16, 16), (std::set<int>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST_F(PhotoSource, ShrinksAShareOfTheVideosSamples) {
  const at::Tensor whole = source(false, 48, 40).sample(0).hq;
  const at::Tensor half = at::avg_pool2d(whole, {2, 2});
  const auto holds = [](const at::Tensor& larger, const at::Tensor& crop) {
    const at::Tensor places = larger.unfold(2, 16, 1).unfold(3, 16, 1);  // [3, 1, y, x, 16, 16]
    const at::Tensor difference = (places - crop.unsqueeze(2).unsqueeze(2)).abs();
    return difference.amax({0, 1, 4, 5}).min().item<double>() < 1e-5;
  };
  for (const double share : {0.0, 0.5, 1.0}) {
    int shrunk = 0;
    for (const TrainingSample& sample : video_samples(16, share)) {
      EXPECT_NE(holds(whole, sample.hq), holds(half, sample.hq)) << sample.origin;
      shrunk += holds(half, sample.hq) ? 1 : 0;
      EXPECT_EQ(sample.origin.ends_with("of half the size"), holds(half, sample.hq));
    }
    EXPECT_GE(shrunk, share == 0 ? 0 : (share == 1 ? 40 : 10));
    EXPECT_LE(shrunk, share == 0 ? 0 : (share == 1 ? 40 : 30));
  }
}

TEST_F(PhotoSource, WhatWouldBeTooSmallStaysAsItIs) {
  const auto as_it_is = video_samples(32, 0);
  const auto shrunk = video_samples(32, 1);
  for (std::size_t i = 0; i < shrunk.size(); ++i) {
    EXPECT_TRUE(at::equal(as_it_is[i].hq, shrunk[i].hq));
  }
}

TEST_F(PhotoSource, TurnsOtherCropsByMirrorsOnly) {
  EXPECT_EQ(orientations(32, 16), (std::set<int>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace oasis::data
#endif  // OASIS_WITH_MEDIA
