#include "oasis/media/video_reader.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>

#include "media_fixture.h"
#include "oasis/core/error.h"
#include "oasis/media/color_conversion.h"
#include "oasis/media/image_io.h"

namespace oasis::media {
namespace {

class VideoReaderTest : public MediaTest {
 protected:
  static ExitCode code_of(const std::string& path) {
    try {
      auto reader = VideoReader::open(path);
      Frame frame;
      while (reader->next(frame)) {
      }
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.code();
    }
    return ExitCode::done;
  }
};

TEST_F(VideoReaderTest, CountsFramesOfShortClips) {
  for (int count = 1; count <= 7; ++count) {
    const std::string clip = make(
        "c" + std::to_string(count) + ".mp4",
        "-f lavfi -i testsrc2=s=64x48:r=25 -c:v libx264 -bf 2 -frames:v " + std::to_string(count));
    EXPECT_EQ(count_frames(clip), count);
  }
}

TEST_F(VideoReaderTest, DescribesAClip) {
  const std::string clip = make(
      "a.mkv",
      "-f lavfi -i testsrc2=s=96x64:r=24000/1001 -vf format=yuv422p10 -c:v ffv1 -frames:v 3 "
      "-aspect 16:9 -color_range pc -colorspace bt2020nc -color_primaries bt2020 -color_trc bt709");
  auto reader = VideoReader::open(clip);
  const VideoInfo& info = reader->info();
  EXPECT_EQ(info.width, 96);
  EXPECT_EQ(info.height, 64);
  EXPECT_EQ(info.bit_depth, 10);
  EXPECT_EQ(info.layout, PixelLayout::yuv422);
  EXPECT_EQ(info.frame_rate, (Rational{24000, 1001}));
  EXPECT_EQ(info.sample_aspect, (Rational{32, 27}));
  EXPECT_EQ(info.color, (ColorInfo{9, 9, 1, true, false}));
  EXPECT_FALSE(info.interlaced);
  EXPECT_FALSE(info.has_alpha);
}

TEST_F(VideoReaderTest, GuessesTheMatrixBySize) {
  const std::string small =
      make("s.mkv", "-f lavfi -i testsrc2=s=96x64:r=25 -pix_fmt yuv420p -c:v ffv1 -frames:v 1");
  const std::string large =
      make("l.mkv", "-f lavfi -i testsrc2=s=1280x720:r=25 -pix_fmt yuv420p -c:v ffv1 -frames:v 1");
  auto first = VideoReader::open(small), second = VideoReader::open(large);
  EXPECT_EQ(first->info().color.matrix, 6);
  EXPECT_TRUE(first->info().color.guessed);
  EXPECT_EQ(second->info().color.matrix, 1);
}

TEST_F(VideoReaderTest, RefusesPqAndHlgUnlessTold) {
  for (const std::string transfer : {"smpte2084", "arib-std-b67"}) {
    const std::string clip =
        make(transfer + ".mkv",
             "-f lavfi -i testsrc2=s=64x48 -pix_fmt yuv420p10 -c:v ffv1 -frames:v 1 "
             "-colorspace bt2020nc -color_primaries bt2020 -color_trc " +
                 transfer);
    EXPECT_EQ(code_of(clip), ExitCode::unreadable_input);
    ReaderOptions options;
    options.allow_hdr = true;
    EXPECT_EQ(VideoReader::open(clip, options)->info().bit_depth, 10);
  }
}

TEST_F(VideoReaderTest, DropsAlphaWithAWarning) {
  const std::string clip =
      make("a.mov", "-f lavfi -i color=red@0.5:s=32x32,format=rgba -c:v png -frames:v 2");
  auto reader = VideoReader::open(clip);
  EXPECT_TRUE(reader->info().has_alpha);
  EXPECT_EQ(reader->warnings().size(), 1u);
  Frame frame;
  ASSERT_TRUE(reader->next(frame));
  EXPECT_NEAR(frame.plane(0)[0], 1.0f, 0.01f);
}

TEST_F(VideoReaderTest, WarnsOfInterlacing) {
  const std::string clip = make("i.ts",
                                "-f lavfi -i testsrc2=s=352x288:r=50 -vf interlace -c:v mpeg2video "
                                "-flags +ildct+ilme -frames:v 4");
  auto reader = VideoReader::open(clip);
  EXPECT_TRUE(reader->info().interlaced);
  EXPECT_FALSE(reader->warnings().empty());
}

TEST_F(VideoReaderTest, PixelFormatsAgreeWithEachOther) {
  // One flat colour through formats of every kind of storage.
  for (const std::string format : {"rgb24", "bgra", "gbrp", "rgb48be", "yuv444p", "yuv420p", "nv12",
                                   "yuyv422", "yuv410p", "yuv444p16be", "rgb565le"}) {
    const std::string clip = make(
        format + ".nut",
        "-f lavfi -i color=0x3090c0:s=48x40,format=gbrp -vf scale=out_color_matrix=bt601,format=" +
            format + " -c:v rawvideo -frames:v 1");
    auto reader = VideoReader::open(clip);
    Frame frame;
    ASSERT_TRUE(reader->next(frame)) << format;
    const double tolerance = format == "rgb565le" ? 0.02 : 0.01;
    EXPECT_NEAR(frame.plane(0)[500], 0x30 / 255.0, tolerance) << format;
    EXPECT_NEAR(frame.plane(1)[500], 0x90 / 255.0, tolerance) << format;
    EXPECT_NEAR(frame.plane(2)[500], 0xc0 / 255.0, tolerance) << format;
  }
}

// Whichever way a format takes: straight, by way of floats, unpacked first, turned upright.
TEST_F(VideoReaderTest, BytesAreTheRoundedFrames) {
  const std::string source = "-f lavfi -i testsrc2=s=72x40:r=25 -frames:v 2 ";
  std::vector<std::string> clips = {
      make("turned.mp4", source + "-c:v libx264 -metadata:s:v rotate=90")};
  for (const std::string format : {"yuv420p", "yuv422p", "yuv420p10le", "gbrp", "nv12", "gray"}) {
    clips.push_back(make(format + ".nut", source + "-c:v rawvideo -pix_fmt " + format));
  }
  for (const auto& clip : clips) {
    auto floats = VideoReader::open(clip), bytes = VideoReader::open(clip);
    Frame frame, times;
    std::vector<std::uint8_t> expected(3 * 72 * 40), codes(expected.size());
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(floats->next(frame)) << clip;
      ASSERT_TRUE(bytes->next_bytes(times, codes.data())) << clip;
      to_rgb_bytes(frame, expected.data());
      EXPECT_EQ(codes, expected) << clip;
      EXPECT_EQ(times.pts, frame.pts);
    }
    EXPECT_FALSE(bytes->next_bytes(times, codes.data())) << clip;
  }
}

TEST_F(VideoReaderTest, ImagesComeInNaturalOrderAndGapsAreTold) {
  Frame frame;
  frame.resize(8, 6);
  for (const int number : {1, 2, 10, 9}) {
    std::fill(frame.rgb.begin(), frame.rgb.end(), static_cast<float>(number) / 255.0f);
    write_png(at(fmt::format("f{}.png", number)), frame);
  }
  auto reader = VideoReader::open(folder_);
  EXPECT_EQ(reader->info().frame_count, 4);
  ASSERT_EQ(reader->warnings().size(), 1u);
  EXPECT_NE(reader->warnings()[0].find("3 to 8"), std::string::npos);
  std::vector<int> order;
  while (reader->next(frame)) order.push_back(static_cast<int>(std::lround(frame.rgb[0] * 255)));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 9, 10}));
  EXPECT_FALSE(reader->damaged());
}

TEST_F(VideoReaderTest, DamageInTheMiddleDoesNotEndTheRun) {
  const std::string clip =
      make("d.mkv", "-f lavfi -i testsrc2=s=128x96:r=25 -pix_fmt yuv420p -c:v png -frames:v 20");
  {
    std::fstream file(clip, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(clip) / 2));
    file << std::string(64, '\x5a');
  }
  auto reader = VideoReader::open(clip);
  Frame frame;
  int count = 0;
  std::int64_t last = 0;
  while (reader->next(frame)) {
    ++count;
    last = frame.pts;
  }
  EXPECT_GE(count, 18);
  EXPECT_EQ(last, 760);
  EXPECT_TRUE(reader->damaged());
}

TEST_F(VideoReaderTest, ATruncatedFileGivesItsBeginning) {
  for (const std::string name : {"t.mkv", "t.mp4"}) {
    const std::string clip = make(name,
                                  "-f lavfi -i testsrc2=s=128x96:r=25 -c:v libx264 -g 10 -frames:v "
                                  "60 -movflags +faststart");
    std::filesystem::resize_file(clip, std::filesystem::file_size(clip) * 6 / 10);
    auto reader = VideoReader::open(clip);
    Frame frame;
    int count = 0;
    while (reader->next(frame)) ++count;
    EXPECT_GT(count, 15) << name;
    EXPECT_LT(count, 60) << name;
    EXPECT_TRUE(reader->damaged()) << name;
  }
}

TEST_F(VideoReaderTest, RefusesWhatIsNoVideo) {
  std::ofstream(at("empty.mp4")).close();
  std::ofstream(at("text.mp4")) << "not a video\n";
  const std::string sound = make("sound.m4a", "-f lavfi -i sine -t 0.2");
  std::filesystem::create_directory(folder_ / "nothing");
  for (const std::string& path :
       {at("empty.mp4"), at("text.mp4"), sound, at("missing.mp4"), at("nothing")}) {
    EXPECT_EQ(code_of(path), ExitCode::unreadable_input) << path;
  }
}

TEST_F(VideoReaderTest, SharedNegativeFiles) {
  const std::string folder = shared("lq/negative");
  OASIS_NEEDS_SHARED(folder);
  for (const std::string name :
       {"audio_only.m4a", "empty.mp4", "not_a_video.mp4", "truncated_no_moov.mp4"}) {
    EXPECT_EQ(code_of(folder + "/" + name), ExitCode::unreadable_input) << name;
  }
  auto reader = VideoReader::open(folder + "/truncated_mid_stream.mp4");
  Frame frame;
  int count = 0;
  while (reader->next(frame)) ++count;
  EXPECT_EQ(count, 17);
  EXPECT_TRUE(reader->damaged());
}

TEST_F(VideoReaderTest, SharedOddFilesHaveTheirFrames) {
  const std::string folder = shared("lq/odd");
  OASIS_NEEDS_SHARED(folder);
  const std::pair<const char*, int> counts[] = {{"audio_opus.mkv", 45},
                                                {"dims_321x179_yuv420.webm", 30},
                                                {"vfr_irregular.mp4", 55},
                                                {"prores_lt_422_10bit.mov", 8},
                                                {"av1.mp4", 24},
                                                {"animated.gif", 6},
                                                {"raw.y4m", 3},
                                                {"interlaced_bff_mpeg2.ts", 15},
                                                {"mpeg4.avi", 30},
                                                {"mjpeg.mov", 12},
                                                {"alpha_vp9.webm", 18},
                                                {"streams_2v_2a_2s.mp4", 127},
                                                {"png_frames", 5},
                                                {"video_starts_late.mp4", 45},
                                                {"gray_h264.mp4", 30}};
  for (const auto& [name, count] : counts) {
    EXPECT_EQ(count_frames(folder + "/" + name), count) << name;
  }
}

}  // namespace
}  // namespace oasis::media
