#include "oasis/eval/evaluator.h"

#include <gmock/gmock.h>

#include <cmath>

#include "eval_fixture.h"
#include "oasis/media/video_writer.h"

namespace oasis::eval {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

TEST_F(EvalTest, EqualClipsScoreTheBest) {
  make_clip("out/a", 4, 32, 32, pattern_reference);
  make_clip("gt/a", 4, 32, 32, pattern_reference);
  const auto plain =
      score_one(options("psnr_rgb,psnr_y,ssim_rgb,ssim_y,ewarp,luma_pulse,"
                        "colour_drift"));
  EXPECT_TRUE(std::isinf(plain.scores.at("psnr_rgb")));
  EXPECT_TRUE(std::isinf(plain.scores.at("psnr_y")));
  EXPECT_DOUBLE_EQ(plain.scores.at("ssim_rgb"), 1);
  EXPECT_DOUBLE_EQ(plain.scores.at("ssim_y"), 1);
  EXPECT_NEAR(plain.scores.at("ewarp_dis"), 0, 1e-6);  // DIS is off by 1e-7 pixels
  EXPECT_NEAR(plain.scores.at("luma_pulse"), 0, 1e-9);
  EXPECT_EQ(plain.scores.at("luma_static"), 1);
  EXPECT_NEAR(plain.scores.at("colour_drift"), 0, 1e-9);
  const auto dove = score_one(options("psnr_rgb,psnr_y,ssim_y", "dove"));
  EXPECT_EQ(dove.scores.at("psnr_rgb"), 80);
  EXPECT_EQ(dove.scores.at("psnr_y"), 80);
  EXPECT_EQ(dove.scores.at("ssim_y"), 1);
}

// The numbers of metrics.md, T1, by IQA-PyTorch and BasicSR.
TEST_F(EvalTest, KnownScoresOfBothConventions) {
  make_clip("out/a", 2, 64, 48, pattern_distorted(48, 64));
  make_clip("gt/a", 2, 64, 48, pattern_reference);
  const auto dove = score_one(options("psnr_rgb,psnr_y,ssim_rgb,ssim_y", "dove"));
  EXPECT_EQ(dove.scores.at("psnr_rgb"), 26.7718);
  EXPECT_EQ(dove.scores.at("psnr_y"), 30.2067);
  EXPECT_EQ(dove.scores.at("ssim_rgb"), 0.871);
  EXPECT_EQ(dove.scores.at("ssim_y"), 0.9301);
  EXPECT_THAT(dove.per_frame.at("psnr_rgb"), SizeIs(2));
  const auto plain = score_one(options("psnr_rgb,psnr_y,ssim_rgb,ssim_y"));
  EXPECT_NEAR(plain.scores.at("psnr_rgb"), 26.771809, 1e-5);
  EXPECT_NEAR(plain.scores.at("psnr_y"), 31.528682, 1e-5);
  EXPECT_NEAR(plain.scores.at("ssim_rgb"), 0.8710100, 1e-6);
  EXPECT_NEAR(plain.scores.at("ssim_y"), 0.9324231, 1e-6);
  auto cut = options("psnr_rgb,ssim_y", "dove");
  cut.protocol.border = 4;
  const auto border = score_one(cut);
  EXPECT_EQ(border.scores.at("psnr_rgb"), 26.8011);
  EXPECT_EQ(border.scores.at("ssim_y"), 0.9315);
}

TEST_F(EvalTest, AShiftByAPixelIsSeenByPsnrAndNotByTheFlow) {
  // A pattern that moves by a pixel a frame.
  const auto pattern = [](double x, double y) {
    return static_cast<int>(std::lround(128 + 60 * std::sin(0.5 * x) * std::cos(0.4 * y)));
  };
  make_clip("out/a", 3, 64, 64, [&](int t, int, int y, int x) { return pattern(x - t, y); });
  make_clip("gt/a", 3, 64, 64, [&](int, int, int y, int x) { return pattern(x, y); });
  const auto clip = score_one(options("psnr_rgb,ewarp_clean"));
  const auto& curve = clip.per_frame.at("psnr_rgb");
  EXPECT_TRUE(std::isinf(curve[0]));
  double squares = 0;
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x) squares += std::pow(pattern(x - 1, y) - pattern(x, y), 2);
  }
  const double error = squares / (64 * 64 * 255.0 * 255.0);
  EXPECT_NEAR(curve[1], -10 * std::log10(error), 1e-6);
  EXPECT_LT(curve[2], curve[1]);
  // Without the warp, three channels of this error would be left.
  EXPECT_THAT(clip.per_frame.at("ewarp_clean_dis"), SizeIs(2));
  EXPECT_LT(clip.scores.at("ewarp_clean_dis"), 1000 * 3 * error / 5);
}

TEST_F(EvalTest, APulseAndADriftAreFound) {
  const auto pulsing = [](int t, int, int, int) { return t % 4 == 0 ? 104 : 100; };
  const auto drifting = [](int t, int c, int, int) { return c == 0 ? 100 + t : 100; };
  make_clip("gt/a", 16, 16, 16, [](int, int, int, int) { return 100; });
  make_clip("out/a", 16, 16, 16, pulsing);
  auto pulse = options("luma_pulse");
  const auto first = score_one(pulse);
  // The straight line takes a little of it.
  EXPECT_NEAR(first.scores.at("luma_pulse_p4"), 2.0, 0.1);
  ASSERT_THAT(first.luma_spectrum, SizeIs(9));
  EXPECT_NEAR(first.luma_spectrum[4], 2.0, 0.1);
  EXPECT_THAT(first.luma_spectrum_reference, Each(testing::DoubleNear(0, 1e-9)));
  std::filesystem::remove_all(folder_ / "out");
  make_clip("out/a", 16, 16, 16, drifting);
  EXPECT_NEAR(score_one(options("colour_drift")).scores.at("colour_drift"), 15, 1e-6);
}

TEST_F(EvalTest, OtherSizesAreRefusedWithNumbers) {
  make_clip("out/a", 2, 40, 32, pattern_reference);
  make_clip("gt/a", 2, 32, 32, pattern_reference);
  EXPECT_THAT(score_one(options("psnr_rgb")).error,
              testing::AllOf(HasSubstr("40x32"), HasSubstr("32x32"), HasSubstr("--align")));
}

TEST_F(EvalTest, OtherLengthsAreRefusedWithNumbers) {
  make_clip("out/a", 2, 32, 32, pattern_reference);
  make_clip("gt/a", 5, 32, 32, pattern_reference);
  EXPECT_THAT(score_one(options("psnr_rgb")).error,
              testing::AllOf(HasSubstr("has 2 frames"), HasSubstr("has 5")));
}

// metrics.md, T8: 5 against 7 frames, 64x48 against 60x40.
TEST_F(EvalTest, CropTakesWhatBothHave) {
  make_clip("out/a", 5, 64, 48, pattern_reference);
  make_clip("gt/a", 7, 60, 40, pattern_reference);
  const auto clip = score_one(options("psnr_rgb", "dove"));
  EXPECT_EQ(clip.error, "");
  EXPECT_EQ(clip.frames, 5);
  EXPECT_EQ(clip.width, 60);
  EXPECT_EQ(clip.height, 40);
  EXPECT_EQ(clip.scores.at("psnr_rgb"), 80);
  EXPECT_THAT(clip.notes, SizeIs(2));
}

TEST_F(EvalTest, ResizeBringsTheOutputToTheReference) {
  const auto flat = [](int, int, int, int) { return 77; };
  make_clip("out/a", 2, 20, 16, flat);
  make_clip("gt/a", 2, 40, 32, flat);
  auto resize = options("psnr_rgb");
  resize.protocol.align = Align::resize;
  const auto clip = score_one(resize);
  EXPECT_TRUE(std::isinf(clip.scores.at("psnr_rgb"))) << clip.error;
  EXPECT_EQ(clip.width, 40);
}

TEST_F(EvalTest, ABadClipDoesNotStopTheOthers) {
  write_file("out/a.mp4", "not a video");
  make_clip("gt/a", 2, 32, 32, pattern_reference);
  make_clip("out/b", 2, 32, 32, pattern_reference);
  make_clip("gt/b", 2, 32, 32, pattern_reference);
  const auto evaluation = score(options("psnr_rgb", "dove"));
  EXPECT_THAT(evaluation.result.clips[0].error, HasSubstr("a.mp4"));
  EXPECT_EQ(evaluation.result.clips[1].error, "");
  EXPECT_EQ(evaluation.result.means.at("psnr_rgb"), 80);
}

TEST_F(EvalTest, TooSmallForAMetricIsANoteAndTheRestIsScored) {
  make_clip("out/a", 2, 8, 8, pattern_reference);
  make_clip("gt/a", 2, 8, 8, pattern_reference);
  const auto clip = score_one(options("psnr_y,ssim_y,colour_drift", "dove"));
  EXPECT_EQ(clip.error, "");
  EXPECT_FALSE(clip.scores.contains("ssim_y"));
  EXPECT_THAT(clip.notes, ElementsAre(HasSubstr("at least 11x11")));
  EXPECT_EQ(clip.scores.at("psnr_y"), 80);
  EXPECT_TRUE(clip.scores.contains("colour_drift"));
}

TEST_F(EvalTest, AFrameHasNoWarpError) {
  make_clip("out/a", 1, 32, 32, pattern_reference);
  make_clip("gt/a", 1, 32, 32, pattern_reference);
  const auto clip = score_one(options("ewarp"));
  EXPECT_FALSE(clip.scores.contains("ewarp_dis"));
  EXPECT_THAT(clip.notes, ElementsAre(HasSubstr("two frames")));
}

TEST_F(EvalTest, OnlyTheFramesAskedFor) {
  make_clip("out/a", 6, 32, 32, [](int t, int, int, int) { return t == 0 ? 0 : 100; });
  make_clip("gt/a", 9, 32, 32, [](int, int, int, int) { return 100; });
  auto part = options("psnr_rgb", "dove");
  part.frames = infer::parse_frame_range("1:5");
  const auto clip = score_one(part);
  EXPECT_EQ(clip.error, "");
  EXPECT_EQ(clip.frames, 4);
  EXPECT_EQ(clip.scores.at("psnr_rgb"), 80);
}

TEST_F(EvalTest, WithoutReferenceOnlyWhatNeedsNone) {
  make_clip("out/a", 3, 32, 32, pattern_reference);
  const auto evaluation =
      evaluate(pair_clips(folder_ / "out", {}), options("psnr_rgb,ewarp_clean,dover,luma_pulse"));
  const auto& result = evaluation.result;
  EXPECT_NEAR(result.clips.at(0).scores.at("ewarp_clean_dis"), 0, 1e-6);
  EXPECT_TRUE(result.clips.at(0).scores.contains("luma_pulse"));
  ASSERT_THAT(result.missing, SizeIs(2));
  EXPECT_EQ(result.missing[0].reason, "needs --reference");
  EXPECT_EQ(result.missing[1].key, "dover");
  EXPECT_EQ(result.missing[1].reason, "needs DOVER.pth in --weights");
  EXPECT_FALSE(evaluation.wrong_weights);
}

TEST_F(EvalTest, FinishedClipsAreNotScoredAgain) {
  for (const char* name : {"a", "b"}) {
    make_clip(std::string("out/") + name, 2, 32, 32, pattern_distorted(32, 32));
    make_clip(std::string("gt/") + name, 2, 32, 32, pattern_reference);
  }
  auto kept = options("psnr_rgb,ssim_y");
  kept.clips = folder_ / "kept";
  kept.pictures = true;
  const auto first = score(kept);
  EXPECT_EQ(first.reused, 0);
  const auto second = score(kept);
  EXPECT_EQ(second.reused, 2);
  const auto& clip = second.result.clips[1];
  EXPECT_EQ(clip.scores, first.result.clips[1].scores);
  EXPECT_EQ(clip.per_frame, first.result.clips[1].per_frame);
  EXPECT_EQ(clip.pictures.frames.at(0).output.bytes,
            first.result.clips[1].pictures.frames.at(0).output.bytes);
  make_clip("out/b", 3, 32, 32, pattern_reference);
  make_clip("gt/b", 3, 32, 32, pattern_reference);
  EXPECT_EQ(score(kept).reused, 1);
  kept.protocol.border = 2;
  EXPECT_EQ(score(kept).reused, 0);
}

TEST_F(EvalTest, PicturesOfTheWorstAndTheMiddleFrame) {
  make_clip("gt/a", 8, 32, 24, pattern_reference);
  make_clip("out/a", 8, 32, 24, [](int t, int c, int y, int x) {
    return (pattern_reference(t, c, y, x) + (t == 2 ? 60 : 1)) % 256;
  });
  auto with = options("psnr_rgb");
  with.pictures = true;
  const auto clip = score_one(with);
  ASSERT_THAT(clip.pictures.frames, SizeIs(2));
  EXPECT_EQ(clip.pictures.frames[0].frame, 2);
  EXPECT_EQ(clip.pictures.frames[0].why, "lowest PSNR");
  EXPECT_EQ(clip.pictures.frames[1].frame, 4);
  EXPECT_EQ(clip.pictures.frames[1].reference.width, 32);
  EXPECT_TRUE(clip.pictures.frames[1].bicubic.bytes.empty());
  EXPECT_EQ(clip.pictures.slice_output.height, 8);
  EXPECT_EQ(clip.pictures.slice_reference.width, 32);
}

TEST_F(EvalTest, TenBitsAreKept) {
  media::VideoInfo info;
  info.width = info.height = 32;
  info.bit_depth = 10;
  info.layout = media::PixelLayout::yuv444;
  info.color.full_range = true;
  const auto write = [&](const char* name, float value) {
    media::WriterOptions lossless;
    lossless.codec = "ffv1";
    const auto writer =
        media::VideoWriter::create(folder_ / name, lossless, info, info.width, info.height);
    media::Frame frame;
    frame.resize(info.width, info.height);
    std::fill(frame.rgb.begin(), frame.rgb.end(), value);
    frame.duration = 1;
    writer->write(frame);
    writer->finish();
  };
  std::filesystem::create_directory(folder_ / "out");
  std::filesystem::create_directory(folder_ / "gt");
  write("out/a.mkv", 512.0F / 1023);
  write("gt/a.mkv", 513.0F / 1023);  // the same in 8 bits
  const auto clip = score_one(options("psnr_rgb"));
  EXPECT_NEAR(clip.scores.at("psnr_rgb"), 20 * std::log10(1023.0), 0.01) << clip.error;
}

TEST_F(EvalTest, ShiftOfBrightnessIsToldFromError) {
  make_clip("gt/a", 2, 40, 36,
            [](int, int c, int y, int x) { return 60 + (7 * x + 5 * y + c) % 99; });
  make_clip("out/a", 2, 40, 36, [](int t, int c, int y, int x) {
    return 60 + (7 * x + 5 * y + c) % 99 + 8 * t + (x + y) % 2;
  });
  const auto clip = score_one(options("psnr_y,psnr_y_centred,delta_e_16"));
  const auto& plain = clip.per_frame.at("psnr_y");
  const auto& centred = clip.per_frame.at("psnr_y_centred");
  EXPECT_NEAR(centred[0], centred[1], 1e-6);
  EXPECT_GT(centred[1], plain[1] + 15);
  EXPECT_NEAR(centred[0], plain[0] + 10 * std::log10(2.0), 1e-6);
  const auto& shift = clip.per_frame.at("delta_e_16");
  EXPECT_LT(shift[0], 0.5);
  EXPECT_GT(shift[1], 2);
  EXPECT_DOUBLE_EQ(clip.scores.at("delta_e_16_max"), shift[1]);
  EXPECT_GE(clip.scores.at("delta_e_16_block"), shift[1]);
  EXPECT_FALSE(score_one(options("psnr_y")).scores.contains("psnr_y_centred"));
}

}  // namespace
}  // namespace oasis::eval
