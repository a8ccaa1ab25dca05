#include "oasis/infer/upscaler.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <stdexcept>
#include <vector>

#include "noise_video.h"
#include "oasis/core/error.h"
#include "oasis/infer/bicubic_model.h"
#include "oasis/infer/output_size.h"

namespace oasis::infer {
namespace {

/// Repeats each pixel 4 x 4 times and insists on the rules.
class NearestModel : public model::ClipModel {
 public:
  at::Tensor upscale(const at::Tensor& lq) override {
    EXPECT_EQ(lq.size(2) % 4, 1);
    EXPECT_EQ(lq.size(3) % 8, 0);
    EXPECT_EQ(lq.size(4) % 8, 0);
    EXPECT_GE(lq.size(3), 16);
    EXPECT_GE(lq.size(4), 16);
    ++calls;
    if (calls <= fail_first) throw std::bad_alloc();
    return lq.repeat_interleave(4, 3).repeat_interleave(4, 4);
  }
  model::ClipRules rules() const override { return {4, 8, 16, false}; }
  std::int64_t peak_bytes(std::int64_t frames, std::int64_t height,
                          std::int64_t width) const override {
    return 204 * frames * height * width;
  }
  std::string description() const override { return "nearest"; }

  int calls = 0;
  int fail_first = 0;
};

TEST(Upscaler, JoinsTilesAndChunksWithoutATrace) {
  // The model is local, so every tile and chunk agrees with its neighbours.
  for (const auto& settings : {settings_of(5, 2, {16, 16}), settings_of(9, 4, {24, 16}),
                               settings_of(33, 8, {0, 0}), settings_of(1, 0, {16, 24})}) {
    NearestModel model;
    const auto video = noise_video(14, 45, 19);
    UpscaleReport report;
    const auto result = upscale_video(model, video, settings, &report);
    ASSERT_EQ(result.size(), video.size());
    EXPECT_EQ(report.frames, 14);
    EXPECT_EQ(report.output, (Size{180, 76}));
    for (size_t i = 0; i < result.size(); ++i) {
      EXPECT_EQ(result[i].pts, video[i].pts);
      float worst = 0;
      for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < 76; ++y) {
          for (int x = 0; x < 180; ++x) {
            const float wanted = video[i].plane(c)[y / 4 * 45 + x / 4];
            worst = std::max(worst, std::abs(result[i].plane(c)[y * 180 + x] - wanted));
          }
        }
      }
      ASSERT_LT(worst, 1e-6F) << "frame " << i;
    }
  }
}

TEST(Upscaler, AConstantStaysConstant) {
  for (const int size : {16, 17, 31, 33}) {
    NearestModel model;
    auto video = noise_video(7, size, 49 - size);
    for (auto& frame : video) std::fill(frame.rgb.begin(), frame.rgb.end(), 0.3F);
    for (const auto& frame : upscale_video(model, video, settings_of(5, 2, {16, 16}))) {
      for (const float value : frame.rgb) ASSERT_NEAR(value, 0.3F, 1e-6F);
    }
  }
}

TEST(Upscaler, BicubicGivesTheSameBytesForEverySetting) {
  BicubicModel model;
  const auto video = noise_video(11, 37, 21);
  const auto expected = upscale_video(model, video, settings_of(33, 8, {0, 0}));
  ASSERT_EQ(expected.size(), 11U);
  const int threads = at::get_num_threads();
  for (const auto& settings : {settings_of(5, 2, {16, 16}), settings_of(1, 0, {8, 24})}) {
    for (const int n : {1, 2}) {
      at::set_num_threads(n);
      const auto result = upscale_video(model, video, settings);
      ASSERT_EQ(result.size(), expected.size());
      for (size_t i = 0; i < result.size(); ++i) EXPECT_EQ(result[i].rgb, expected[i].rgb);
    }
  }
  at::set_num_threads(threads);
}

TEST(Upscaler, BicubicIsInterpolateOfTorch) {
  BicubicModel model;
  const auto clip = torch::rand({1, 3, 2, 9, 7});
  namespace F = torch::nn::functional;
  const auto expected =
      F::interpolate(clip.select(2, 1), F::InterpolateFuncOptions()
                                            .scale_factor(std::vector<double>{4, 4})
                                            .mode(torch::kBicubic)
                                            .align_corners(false));
  EXPECT_TRUE(torch::allclose(model.upscale(clip).select(2, 1), expected, 0, 1e-6));
}

TEST(Upscaler, TriesSmallerTilesWhenMemoryIsShort) {
  NearestModel model;
  model.fail_first = 1;
  UpscaleReport report;
  EXPECT_EQ(
      upscale_video(model, noise_video(5, 128, 16), settings_of(5, 0, {0, 0}), &report).size(), 5U);
  EXPECT_GT(report.tiles, 1);
}

TEST(Upscaler, SaysWhenTheSmallestTileDoesNotFit) {
  NearestModel model;
  model.fail_first = 1000;
  try {
    upscale_video(model, noise_video(5, 128, 16), settings_of(5, 0, {0, 0}));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::out_of_memory);
  }
}

TEST(Upscaler, ErrorsOfEveryThreadReachTheCaller) {
  BicubicModel model;
  const auto video = noise_video(40, 16, 16);
  const FrameSink ignore = [](const media::Frame&) {};
  const FrameSource bad_source = [](media::Frame&) -> bool { throw std::runtime_error("source"); };
  const FrameSink bad_sink = [](const media::Frame&) { throw std::runtime_error("sink"); };
  EXPECT_THROW(upscale_frames(model, bad_source, ignore, {}), std::runtime_error);
  EXPECT_THROW(upscale_frames(model, source_of(video), bad_sink, settings_of(1, 0, {})),
               std::runtime_error);
  auto changing = video;
  changing[3] = noise_video(1, 20, 16)[0];
  try {
    upscale_video(model, changing, {});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::unreadable_input);
  }
}

TEST(Upscaler, HoldsNoMoreThanAFewChunks) {
  // The source may run ahead of the sink by what the queues and two chunks hold, not more.
  NearestModel model;
  const auto picture = noise_video(1, 16, 16)[0];
  std::atomic<int> read{0};
  int written = 0;
  int ahead = 0;
  upscale_frames(
      model,
      [&](media::Frame& frame) {
        frame = picture;
        return ++read <= 300;
      },
      [&](const media::Frame&) { ahead = std::max(ahead, read - ++written); },
      settings_of(5, 2, {0, 0}));
  EXPECT_EQ(written, 300);
  EXPECT_LE(ahead, 30);
}

TEST(OutputSize, FollowsTheRequest) {
  SizeRequest request;
  EXPECT_EQ(output_size({33, 17}, request), (Size{132, 68}));
  request.scale = 2.5;
  EXPECT_EQ(output_size({33, 17}, request), (Size{82, 42}));
  request = {};
  request.short_side = 1080;
  EXPECT_EQ(output_size({854, 480}, request), (Size{1922, 1080}));
  EXPECT_EQ(output_size({480, 854}, request), (Size{1080, 1922}));
  request.short_side = 1081;
  EXPECT_THROW(output_size({480, 854}, request), Error);
  request = {};
  request.size = Size{641, 480};
  EXPECT_THROW(output_size({480, 854}, request), Error);
  request = {};
  EXPECT_THROW(output_size({16384, 16}, request), Error);
}

TEST(OutputSize, ResizingKeepsAConstantAndThePicturesPlace) {
  const auto constant = torch::full({3, 2, 40, 60}, 0.25);
  const auto small = resize_frames(constant, {22, 14});
  EXPECT_EQ(small.sizes(), (std::vector<std::int64_t>{3, 2, 14, 22}));
  EXPECT_TRUE(torch::allclose(small, torch::full_like(small, 0.25), 0, 1e-6));
  const auto ramp = torch::arange(64, torch::kFloat).div(64).expand({3, 1, 8, 64}).contiguous();
  const auto half = resize_frames(ramp, {32, 8});
  // Pixel i of the half size lies between pixels 2i and 2i + 1.
  EXPECT_NEAR((half[0][0][4][10].item<float>()), 20.5F / 64, 1e-5F);
}

}  // namespace
}  // namespace oasis::infer
