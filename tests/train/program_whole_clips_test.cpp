#ifdef OASIS_WITH_MEDIA

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lossless_clip.h"
#include "oasis/media/video_reader.h"
#include "train_program.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;

class WholeClips : public TrainProgram {
 protected:
  /// A lossless clip of 70 x 66 pixels and 6 frames: 8-bit noise, a little smoothed.
  void make_clip(const std::string& name, int seed) const {
    testing::write_lossless_clip(folder_ / name, testing::smooth_noise(6, 66, 70, seed));
  }

  /// [frames, 3, height, width], code values.
  static at::Tensor read(const fs::path& path) {
    media::ReaderOptions options;
    options.quiet = true;
    const auto reader = media::VideoReader::open(path, options);
    std::vector<at::Tensor> frames;
    for (media::Frame frame; reader->next(frame);) {
      frames.push_back(
          at::from_blob(frame.rgb.data(), {3, frame.height, frame.width}, at::kFloat).mul(255));
    }
    return at::stack(frames);
  }

  int degrade(const std::string& set, const Arguments& more) {
    Arguments arguments = {"--degrade-to", (folder_ / set).string(), "--whole"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run("unused", arguments);
  }
  std::string data(const std::string& name) const {
    return "data.train=" + (folder_ / name).string();
  }
};

TEST_F(WholeClips, BicubicIsAQuarterOfTheSizeAndHqIsExact) {
  make_clip("clips/one.mkv", 1);
  ASSERT_EQ(degrade("set", {"--set", data("clips/one.mkv"), "--frames", "5"}), 0) << log("unused");
  const at::Tensor source = read(folder_ / "clips/one.mkv");
  const at::Tensor hq = read(folder_ / "set/hq/one.mkv");
  const at::Tensor lq = read(folder_ / "set/lq/seed0/one.mkv");
  EXPECT_EQ(hq.sizes(), (std::vector<std::int64_t>{5, 3, 64, 68}));
  EXPECT_TRUE(at::allclose(hq, source.narrow(0, 0, 5).narrow(2, 0, 64).narrow(3, 0, 68), 0, 1e-3));
  const at::Tensor small = at::_upsample_bicubic2d_aa(hq, {16, 17}, false);
  ASSERT_EQ(lq.sizes(), small.sizes());
  EXPECT_LT((lq - small).abs().max().item<float>(), 0.51F);
  EXPECT_EQ(degrade("set", {"--set", data("clips/one.mkv"), "--seeds", "2"}), 2);
}

TEST_F(WholeClips, AVariantDependsOnItsClipsNameAndItsNumber) {
  make_clip("few/one.mkv", 1);
  ASSERT_EQ(
      degrade("few_set", {"--set", data("few"), "--set", "degradation=stage1", "--seeds", "2"}), 0)
      << log("unused");
  make_clip("many/one.mkv", 1);
  make_clip("many/another.mkv", 2);
  make_clip("many/below/two.mkv", 3);
  ASSERT_EQ(degrade("set", {"--set", data("many"), "--set", "degradation=stage1", "--seeds", "2",
                            "--set", "data.threads=2"}),
            0)
      << log("unused");
  const at::Tensor first = read(folder_ / "set/lq/seed0/one.mkv");
  const at::Tensor second = read(folder_ / "set/lq/seed1/one.mkv");
  EXPECT_EQ(first.sizes(), (std::vector<std::int64_t>{6, 3, 16, 17}));
  EXPECT_FALSE(at::equal(first, second));
  EXPECT_TRUE(at::equal(first, read(folder_ / "few_set/lq/seed0/one.mkv")));
  EXPECT_TRUE(at::equal(second, read(folder_ / "few_set/lq/seed1/one.mkv")));
  EXPECT_TRUE(fs::exists(folder_ / "set/lq/seed1/two.mkv"));
  const auto list = nlohmann::json::parse(std::ifstream(folder_ / "set/set.json"));
  EXPECT_EQ(list.at("clips").size(), 3U);
  EXPECT_EQ(list.at("clips")[0].at("variants").size(), 2U);
}

TEST_F(WholeClips, KeepsOnlyFilesOfTheSameLengthAndClip) {
  const auto make = [&](const std::string& frames) {
    return degrade("set", {"--set", data("clips/one.mkv"), "--frames", frames});
  };
  make_clip("clips/one.mkv", 1);
  ASSERT_EQ(make("5"), 0) << log("unused");
  const auto written = fs::last_write_time(folder_ / "set/hq/one.mkv");
  EXPECT_EQ(make("5"), 0) << log("unused");
  EXPECT_EQ(make("3"), 2);
  EXPECT_NE(log("unused").find("set.json: left by an earlier run, but clip one was made with "
                               "frames 5, not 3: give --degrade-to another folder"),
            std::string::npos)
      << log("unused");
  // An interrupted run leaves no list.
  fs::remove(folder_ / "set/set.json");
  fs::remove(folder_ / "set/lq/seed0/one.mkv");
  EXPECT_EQ(make("3"), 2);
  EXPECT_NE(log("unused").find("one.mkv: left by an earlier run, but it has 5 frames of 68x64, "
                               "not 3 of 68x64"),
            std::string::npos)
      << log("unused");
  EXPECT_FALSE(fs::exists(folder_ / "set/lq/seed0/one.mkv"));
  EXPECT_EQ(make("5"), 0) << log("unused");
  EXPECT_EQ(fs::last_write_time(folder_ / "set/hq/one.mkv"), written);
  make_clip("clips/one.mkv", 2);
  EXPECT_EQ(make("5"), 2);
  EXPECT_NE(log("unused").find("but its first picture is not that of"), std::string::npos)
      << log("unused");
}

TEST_F(WholeClips, KeepsOnlyVariantsOfTheSameDegradation) {
  make_clip("clips/one.mkv", 1);
  const auto make = [&](const std::string& seed, const std::string& variants) {
    return degrade("set", {"--set", data("clips"), "--set", "degradation=stage1", "--set",
                           "seed=" + seed, "--seeds", variants, "--frames", "2"});
  };
  ASSERT_EQ(make("1", "1"), 0) << log("unused");
  EXPECT_EQ(make("2", "2"), 2);
  EXPECT_FALSE(fs::exists(folder_ / "set/lq/seed1/one.mkv"));
  EXPECT_NE(log("unused").find("variant 0 of clip one"), std::string::npos) << log("unused");
  EXPECT_EQ(make("1", "2"), 0) << log("unused");
  EXPECT_TRUE(fs::exists(folder_ / "set/lq/seed1/one.mkv"));
}

TEST_F(WholeClips, WhatCannotBeReadIsLeftOutAndCounted) {
  make_clip("clips/one.mkv", 1);
  std::ofstream(folder_ / "clips/broken.mkv") << "no video";
  EXPECT_EQ(degrade("set", {"--set", data("clips")}), 6);
  EXPECT_TRUE(fs::exists(folder_ / "set/lq/seed0/one.mkv"));
  EXPECT_NE(log("unused").find("broken.mkv"), std::string::npos);
}

}  // namespace
}  // namespace oasis::train

#endif
