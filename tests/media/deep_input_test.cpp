#include <cmath>
#include <cstring>
#include <fstream>
#include <set>

#include "../../src/media/frame_import.h"
#include "media_fixture.h"

// Inputs of more than eight bits in storage that is seldom seen, and streams that change on the
// way.

namespace oasis::media {
namespace {

class DeepInput : public MediaTest {
 protected:
  static FrameHandle picture(AVPixelFormat format, int width, int height) {
    FrameHandle frame = new_frame();
    frame->format = format;
    frame->width = width;
    frame->height = height;
    EXPECT_EQ(av_frame_get_buffer(frame.get(), 0), 0);
    return frame;
  }

  static std::uint16_t* row16(const AVFrame& frame, int plane, int y) {
    return reinterpret_cast<std::uint16_t*>(frame.data[plane] +
                                            static_cast<std::ptrdiff_t>(y) * frame.linesize[plane]);
  }

  static Frame imported(const AVFrame& picture) {
    const AVCodecParameters parameters{};
    PictureKind kind = picture_kind(picture, parameters);
    EXPECT_EQ(kind.bit_depth, 10);
    EXPECT_EQ(kind.layout, PixelLayout::yuv420);
    Frame frame;
    FrameImporter(1).import(picture, kind, frame);
    return frame;
  }

  static std::size_t levels(const Frame& frame) {
    return std::set<float>(frame.plane(1), frame.plane(1) + frame.plane_size()).size();
  }
};

/// P010 keeps its ten bits at the top of each word, and its chroma in pairs.
TEST_F(DeepInput, P010IsPlanarTenBitStoredOtherwise) {
  constexpr int width = 1024, height = 4;
  const auto planar = picture(AV_PIX_FMT_YUV420P10LE, width, height);
  const auto paired = picture(AV_PIX_FMT_P010LE, width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      row16(*planar, 0, y)[x] = static_cast<std::uint16_t>(x);
      row16(*paired, 0, y)[x] = static_cast<std::uint16_t>(x << 6);
    }
  }
  for (int y = 0; y < height / 2; ++y) {
    for (int x = 0; x < width / 2; ++x) {
      const int cb = 300 + x / 2, cr = 800 - x / 2;
      row16(*planar, 1, y)[x] = static_cast<std::uint16_t>(cb);
      row16(*planar, 2, y)[x] = static_cast<std::uint16_t>(cr);
      row16(*paired, 1, y)[2 * x] = static_cast<std::uint16_t>(cb << 6);
      row16(*paired, 1, y)[2 * x + 1] = static_cast<std::uint16_t>(cr << 6);
    }
  }
  const Frame expected = imported(*planar);
  EXPECT_EQ(imported(*paired).rgb, expected.rgb);
  EXPECT_GE(levels(expected), 1000U);
}

TEST_F(DeepInput, FloatImagesAreReadAsTheyAre) {
  constexpr int width = 500, height = 3;
  std::ofstream file(at("ramp.pfm"), std::ios::binary);
  file << "PF\n" << width << " " << height << "\n-1.0\n";
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const float pixel[3] = {static_cast<float>(x) / (width - 1), 0.25F,
                              1.0F - static_cast<float>(x) / (width - 1)};
      file.write(reinterpret_cast<const char*>(pixel), sizeof pixel);
    }
  }
  file.close();
  const auto reader = VideoReader::open(at("ramp.pfm"));
  Frame frame;
  ASSERT_TRUE(reader->next(frame));
  EXPECT_EQ(reader->info().bit_depth, 16);
  ASSERT_EQ(frame.width, width);
  for (int x = 0; x < width; ++x) {
    ASSERT_NEAR(frame.plane(0)[x], static_cast<float>(x) / (width - 1), 1e-7F);
    ASSERT_NEAR(frame.plane(1)[x], 0.25F, 1e-7F);
  }
}

TEST_F(DeepInput, TenBitVp9KeepsItsDepth) {
  const std::string clip = make(
      "deep.webm",
      "-f lavfi -i nullsrc=s=1024x64:r=5,format=gray10le,geq=lum=X,format=yuv420p10le -frames:v 2 "
      "-c:v libvpx-vp9 -profile:v 2 -lossless 1 -cpu-used 8");
  copy(clip, at("out.webm"));
  EXPECT_NE(probe(at("out.webm"), "stream=pix_fmt").find("yuv420p10le"), std::string::npos);
  copy(clip, at("out.mkv"));
  EXPECT_NE(probe(at("out.mkv"), "stream=pix_fmt").find("yuv420p10le"), std::string::npos);
  const auto reader = VideoReader::open(clip);
  EXPECT_EQ(reader->info().bit_depth, 10);
  Frame frame;
  ASSERT_TRUE(reader->next(frame));
  EXPECT_GE(levels(frame), 860U);
}

/// A stream may change its picture size: later pictures are resized to the first, with one warning.
TEST_F(DeepInput, LaterSizesAreFittedToTheFirst) {
  const std::string colour = "-f lavfi -i color=0x40a080:r=25:s=";
  make("a.h264", colour + "64x48 -frames:v 4 -c:v libx264");
  make("b.h264", colour + "96x80 -frames:v 3 -c:v libx264");
  run("cat " + at("a.h264") + " " + at("b.h264") + " > " + at("c.h264"));
  const auto reader = VideoReader::open(at("c.h264"));
  int frames = 0;
  for (Frame frame; reader->next(frame); ++frames) {
    ASSERT_EQ(frame.width, 64);
    ASSERT_EQ(frame.height, 48);
    EXPECT_NEAR(frame.plane(1)[1000], 0xa0 / 255.0, 0.02) << "frame " << frames;
  }
  EXPECT_EQ(frames, 7);
  EXPECT_EQ(reader->warnings().size(), 1U);
  EXPECT_FALSE(reader->damaged());
}

}  // namespace
}  // namespace oasis::media
