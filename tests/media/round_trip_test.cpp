#include <set>

#include "media_fixture.h"

namespace oasis::media {
namespace {

class RoundTripTest : public MediaTest {};

struct Case {
  const char* format;
  const char* matrix;
  const char* range;
};

class LosslessRoundTrip : public MediaTest, public ::testing::WithParamInterface<Case> {};

TEST_P(LosslessRoundTrip, LumaAndTagsAreKept) {
  const auto [format, matrix, range] = GetParam();
  const std::string in = make(
      "in.mkv", std::string("-f lavfi -i testsrc2=s=70x50:r=25,noise=alls=20,format=") + format +
                    " -c:v ffv1 -frames:v 2 -colorspace " + matrix + " -color_range " + range);
  WriterOptions options;
  options.codec = "ffv1";
  copy(in, at("out.mkv"), options);
  EXPECT_EQ(probe(in, "stream=pix_fmt,color_range,color_space"),
            probe(at("out.mkv"), "stream=pix_fmt,color_range,color_space"));
  const auto before = samples(in, format), after = samples(at("out.mkv"), format);
  ASSERT_EQ(before.size(), after.size());
  const bool halved = std::string(format) != "yuv444p";
  const std::size_t frame = before.size() / 2;
  const std::size_t checked = halved ? 70 * 50 : frame;
  for (std::size_t start : {std::size_t{0}, frame}) {
    int largest = 0;
    for (std::size_t i = start; i < start + checked; ++i) {
      largest = std::max(largest, std::abs(before[i] - after[i]));
    }
    EXPECT_LE(largest, 1);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, LosslessRoundTrip,
    ::testing::Values(Case{"yuv420p", "bt709", "tv"}, Case{"yuv420p", "smpte170m", "tv"},
                      Case{"yuv420p", "bt2020nc", "pc"}, Case{"yuv444p", "bt709", "pc"},
                      Case{"yuv444p", "smpte170m", "tv"}, Case{"yuv444p", "bt2020nc", "tv"},
                      Case{"yuv422p", "bt709", "tv"}));

TEST_F(RoundTripTest, RgbIsBitExact) {
  const std::pair<const char*, const char*> kinds[] = {{"bgr0", "ffv1"},
                                                       {"gbrp10le", "ffv1"},
                                                       {"gbrp16le", "ffv1"},
                                                       {"rgb24", "png"},
                                                       {"rgb48be", "png"}};
  for (const auto& [format, codec] : kinds) {
    const std::string in =
        make(std::string(format) + ".mkv",
             std::string("-f lavfi -i testsrc2=s=70x50:r=25,noise=alls=30,format=") + format +
                 " -frames:v 2 -c:v " + codec);
    WriterOptions options;
    options.codec = codec;
    options.overwrite = true;
    copy(in, at("out.mkv"), options);
    EXPECT_EQ(samples(in, "gbrp16le"), samples(at("out.mkv"), "gbrp16le")) << format;
  }
}

TEST_F(RoundTripTest, PngFolderIsBitExactBothWays) {
  const std::string in = make("in.mkv",
                              "-f lavfi -i testsrc2=s=70x50:r=25,noise=alls=30,format=rgb48be -c:v "
                              "png -frames:v 3");
  copy(in, at("frames"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "frames" / "000003.png"));
  WriterOptions options;
  options.codec = "png";
  copy(at("frames"), at("out.mkv"), options);
  EXPECT_EQ(samples(in, "rgb48be"), samples(at("out.mkv"), "rgb48be"));
}

TEST_F(RoundTripTest, TenBitRampKeepsItsLevelsInHevc) {
  for (const bool full : {true, false}) {
    const std::string in = make(
        full ? "full.mkv" : "limited.mkv",
        std::string("-f lavfi -i color=s=1024x64:r=25,format=yuv444p10,geq=lum=X:cb=512:cr=512 "
                    "-c:v ffv1 -frames:v 1 -colorspace bt709 -color_range ") +
            (full ? "pc" : "tv"));
    WriterOptions options;
    options.overwrite = true;
    options.crf = 0;
    options.codec = "hevc10";
    auto reader = VideoReader::open(in);
    copy(in, at("out.mp4"), options);
    EXPECT_EQ(probe(at("out.mp4"), "stream=codec_name,pix_fmt"), "hevc,yuv420p10le\n");
    options.codec = "ffv1";
    copy(in, at("out.mkv"), options);
    const auto bytes = samples(at("out.mkv"), "yuv444p10le");
    ASSERT_GE(bytes.size(), 2048u);
    std::set<int> levels;
    for (std::size_t x = 0; x < 1024; ++x) levels.insert(bytes[2 * x] | bytes[2 * x + 1] << 8);
    EXPECT_GE(levels.size(), full ? 1000u : 860u);
  }
}

TEST_F(RoundTripTest, GrayStaysGray) {
  const std::string in =
      make("in.mkv", "-f lavfi -i testsrc2=s=70x50:r=25,format=gray -c:v ffv1 -frames:v 2");
  WriterOptions options;
  options.codec = "ffv1";
  copy(in, at("out.mkv"), options);
  EXPECT_LE(largest_difference(samples(in, "gray"), samples(at("out.mkv"), "gray")), 1);
}

}  // namespace
}  // namespace oasis::media
