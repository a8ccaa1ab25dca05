#ifdef OASIS_WITH_MEDIA
#include "oasis/data/video_source.h"

#include <gtest/gtest.h>
#include <torch/torch.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

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

  VideoSource source(bool turn, int width, int height) const {
    Clip clip;
    clip.path = path_;
    clip.width = 48;
    clip.height = 40;
    clip.frames = 1;
    clip.still = true;
    VideoSource::Options options;
    options.crop = {.frames = 1,
                    .width = width,
                    .height = height,
                    .margin = 1.0,
                    .extra_frames = 0,
                    .flip = turn,
                    .turn = turn,
                    .still_motion = false};
    return {ClipIndex{{clip}, {}}, options, nullptr};
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

TEST_F(PhotoSource, TurnsOtherCropsByMirrorsOnly) {
  EXPECT_EQ(orientations(32, 16), (std::set<int>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace oasis::data
#endif  // OASIS_WITH_MEDIA
