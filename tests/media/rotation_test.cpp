#include "media_fixture.h"

namespace oasis::media {
namespace {

class RotationTest : public MediaTest, public ::testing::WithParamInterface<int> {};

TEST_P(RotationTest, FramesAreUprightAndNoMatrixIsLeft) {
  const int degrees = GetParam();
  const std::string flat =
      make("flat.mp4",
           "-f lavfi -i testsrc2=s=96x64:r=25 -vf setsar=4/3 -c:v libx264 -qp 0 "
           "-frames:v 2");
  // Older programs set the angle by a tag, newer ones by an option.
  const std::string clip = at("turned.mp4"), angle = std::to_string(degrees);
  run("ffmpeg -nostdin -v error -y -i " + flat + " -c copy -metadata:s:v rotate=" + angle + " " +
      clip + " && ffprobe -v error -show_streams " + clip + " | grep -q rotation= || " +
      "ffmpeg -nostdin -v error -y -display_rotation " + angle + " -i " + flat + " -c copy " +
      clip);
  const std::string out = at("out.mkv");
  WriterOptions options;
  options.codec = "ffv1";
  auto reader = copy(clip, out, options);
  const bool swap = degrees % 180 != 0;
  EXPECT_EQ(reader->info().width, swap ? 64 : 96);
  EXPECT_EQ(reader->info().sample_aspect, (swap ? Rational{3, 4} : Rational{4, 3}));
  EXPECT_EQ(run("ffprobe -v error -show_streams " + out).find("rotation="), std::string::npos);
  // The ffmpeg program turns pictures itself when it is let.
  const std::string expected =
      run("ffmpeg -nostdin -v error -i " + clip + " -pix_fmt gray -f rawvideo -");
  const std::vector<std::uint8_t> ours = samples(out, "gray");
  EXPECT_LE(largest_difference(ours, {expected.begin(), expected.end()}), 1);
}

INSTANTIATE_TEST_SUITE_P(QuarterTurns, RotationTest, ::testing::Values(90, 180, 270));

}  // namespace
}  // namespace oasis::media
