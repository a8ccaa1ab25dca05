#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "nano_model.h"
#include "noise_video.h"
#include "oasis/infer/bicubic_model.h"
#include "oasis/infer/memory_plan.h"

// Properties of the whole way from frames to frames with a real model, fresh from its
// initialisation: they do not depend on what the shipped model has learnt.

namespace oasis::infer {
namespace {

class ModelProperties : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    // Such small clips are slower on several threads, much so on a busy machine.
    threads_ = at::get_num_threads();
    at::set_num_threads(1);
    models_ = new NanoModels;
    untrained_ = NanoModels::load(models_->untrained()).release();
    random_ = NanoModels::load(models_->random()).release();
  }
  static void TearDownTestSuite() {
    delete untrained_;
    delete random_;
    delete models_;
    at::set_num_threads(threads_);
  }

  static inline int threads_ = 1;
  static inline NanoModels* models_ = nullptr;
  static inline model::OasisModel* untrained_ = nullptr;
  static inline model::OasisModel* random_ = nullptr;
};

float largest_difference(const media::Frame& a, const media::Frame& b) {
  if (a.width != b.width || a.height != b.height) return 1e9F;
  float worst = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i) {
    const float difference = std::abs(a.rgb[i] - b.rgb[i]);
    if (!(difference <= worst)) worst = std::isnan(difference) ? 1e9F : difference;
  }
  return worst;
}

TEST_F(ModelProperties, AConstantStaysConstantAcrossTilesAndChunks) {
  for (const auto& settings :
       {settings_of(33, 8, {0, 0}), settings_of(5, 2, {24, 16}), settings_of(9, 4, {16, 32})}) {
    auto video = noise_video(12, 53, 38);
    for (media::Frame& frame : video) {
      for (int c = 0; c < 3; ++c) {
        std::fill_n(frame.plane(c), frame.plane_size(), 0.2F + 0.25F * static_cast<float>(c));
      }
    }
    const auto result = upscale_video(*untrained_, video, settings);
    ASSERT_EQ(result.size(), video.size());
    for (const media::Frame& frame : result) {
      ASSERT_EQ(frame.width, 212);
      for (int c = 0; c < 3; ++c) {
        const float expected = 0.2F + 0.25F * static_cast<float>(c);
        for (size_t i = 0; i < frame.plane_size(); ++i) {
          ASSERT_NEAR(frame.plane(c)[i], expected, 1e-6F);
        }
      }
    }
  }
}

/// The sizes of the property: all widths with one height, all heights with one width.
std::vector<Size> all_sizes() {
  std::vector<Size> sizes;
  for (std::int64_t side = 16; side <= 80; ++side) {
    sizes.push_back({side, 18});
    sizes.push_back({19, side});
  }
  return sizes;
}

TEST_F(ModelProperties, UntrainedIsBicubicAtEverySize) {
  BicubicModel bicubic;
  for (const Size& size : all_sizes()) {
    const auto video = noise_video(1, static_cast<int>(size.width), static_cast<int>(size.height));
    const auto result = upscale_video(*untrained_, video, settings_of(33, 8, {0, 0}));
    const auto expected = upscale_video(bicubic, video, {});
    ASSERT_EQ(result.size(), 1U);
    ASSERT_LT(largest_difference(result[0], expected[0]), 1e-5F)
        << size.width << "x" << size.height;
  }
}

TEST_F(ModelProperties, RandomWeightsGiveEverySizeFinitePictures) {
  BicubicModel bicubic;
  double apart = 0;
  for (const Size& size : all_sizes()) {
    const auto video = noise_video(2, static_cast<int>(size.width), static_cast<int>(size.height));
    const auto result = upscale_video(*random_, video, settings_of(5, 2, {48, 48}));
    ASSERT_EQ(result.size(), 2U);
    ASSERT_EQ(result[1].width, 4 * size.width);
    ASSERT_EQ(result[1].height, 4 * size.height);
    for (const float value : result[1].rgb) ASSERT_TRUE(value >= 0 && value <= 1);
    apart = std::max<double>(apart,
                             largest_difference(result[1], upscale_video(bicubic, video, {})[1]));
  }
  EXPECT_GT(apart, 0.01) << "the random layers are not in use";
}

TEST_F(ModelProperties, EveryLengthKeepsItsFramesAndTimes) {
  BicubicModel bicubic;
  const auto all = noise_video(40, 16, 17);
  for (size_t length = 1; length <= all.size(); ++length) {
    const std::vector<media::Frame> video(all.begin(),
                                          all.begin() + static_cast<std::ptrdiff_t>(length));
    const auto expected = upscale_video(bicubic, video, {});
    for (const auto& settings : {settings_of(9, 4, {0, 0}), settings_of(33, 8, {0, 0})}) {
      if (settings.chunk == 33 && length % 4 != 1 && length < 33) continue;
      const auto result = upscale_video(*untrained_, video, settings);
      ASSERT_EQ(result.size(), length);
      for (size_t i = 0; i < length; ++i) {
        ASSERT_EQ(result[i].pts, video[i].pts) << length << " frames";
        ASSERT_LT(largest_difference(result[i], expected[i]), 1e-5F) << length << " frames";
      }
    }
  }
}

TEST_F(ModelProperties, EqualRunsGiveEqualBytes) {
  const auto video = noise_video(11, 37, 26);
  const auto settings = settings_of(5, 2, {24, 24});
  const auto first = upscale_video(*random_, video, settings);
  const auto second = upscale_video(*random_, video, settings);
  ASSERT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) ASSERT_EQ(first[i].rgb, second[i].rgb);
}

TEST_F(ModelProperties, ASkippedBeginningChangesNothingAfterIt) {
  auto video = noise_video(23, 20, 18);
  // A cut after frame 12: dark before, bright behind.
  for (size_t i = 0; i < video.size(); ++i) {
    for (float& value : video[i].rgb) value = 0.3F * value + (i > 12 ? 0.65F : 0.0F);
  }
  auto settings = settings_of(9, 4, {0, 0});
  UpscaleReport report;
  const auto whole = upscale_video(*random_, video, settings, &report);
  ASSERT_EQ(whole.size(), video.size());
  EXPECT_EQ(report.scene_cuts, 1);
  const auto chunks = report.chunks;
  for (std::int64_t skip = 0; skip <= 23; ++skip) {
    settings.skip = skip;
    const auto rest = upscale_video(*random_, video, settings, &report);
    ASSERT_EQ(static_cast<std::int64_t>(rest.size()), 23 - skip);
    EXPECT_EQ(report.skipped, skip);
    for (size_t i = 0; i < rest.size(); ++i) {
      const auto& expected = whole[i + static_cast<size_t>(skip)];
      ASSERT_EQ(rest[i].pts, expected.pts);
      ASSERT_EQ(rest[i].rgb, expected.rgb) << "frame " << i << " after " << skip;
    }
  }
  EXPECT_EQ(report.chunks, 0);
  settings.skip = 20;
  upscale_video(*random_, video, settings, &report);
  EXPECT_LT(report.chunks, chunks);
}

TEST_F(ModelProperties, StagesAreTimedApart) {
  UpscaleReport report;
  upscale_video(*random_, noise_video(9, 48, 32), settings_of(9, 4, {0, 0}), &report);
  const auto& times = report.times;
  EXPECT_GT(times.project, 0);
  EXPECT_GT(times.dit, 0);
  EXPECT_GT(times.decode, 0);
  EXPECT_LE(times.project + times.dit + times.decode, times.model);
}

/// A value of /proc/self/status, in bytes.
std::int64_t own_memory(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + ":")) return 1024 * std::stoll(line.substr(key.size() + 1));
  }
  return 0;
}

TEST_F(ModelProperties, MemoryIsWhatThePlanSays) {
  const auto clip = torch::rand({1, 3, 9, 96, 128});
  random_->upscale(clip);  // what is allocated once
  malloc_trim(0);
  ASSERT_TRUE(std::ofstream("/proc/self/clear_refs") << "5" << std::flush)
      << "the peak of memory cannot be reset: this needs Linux's /proc/self/clear_refs";
  const std::int64_t before = own_memory("VmRSS");
  random_->upscale(clip);
  const double used = static_cast<double>(own_memory("VmHWM") - before);
  const auto planned = static_cast<double>(random_->peak_bytes(9, 96, 128));
  EXPECT_LT(used, 1.15 * planned) << "planned " << planned / 1e6 << " MB";
  EXPECT_GT(used, 0.4 * planned) << "planned " << planned / 1e6 << " MB";
  RecordProperty("used_over_planned", std::to_string(used / planned));
}

}  // namespace
}  // namespace oasis::infer
