#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "eval_fixture.h"

namespace oasis::eval {
namespace {

using testing::HasSubstr;

class EvalProgram : public EvalTest {
 protected:
  /// Runs a command in the test's folder; what it says is in `said`.
  int run_command(const std::string& command) const {
    const int status =
        std::system(fmt::format("cd {} && {} >said 2>&1", folder_.string(), command).c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int run(const std::string& arguments) const {
    return run_command(fmt::format(OASIS_BIN_DIR "/oasis-eval {}", arguments));
  }
  std::string said() const { return read_file("said"); }
};

TEST_F(EvalProgram, ScoresWhatItCanAndSaysTheRest) {
  make_clip("out/a", 2, 32, 32, pattern_distorted(32, 32));
  make_clip("gt/a", 2, 32, 32, pattern_reference);
  write_file("out/b.mp4", "text");
  make_clip("gt/b", 2, 32, 32, pattern_reference);
  const std::string arguments =
      "--output out --reference gt --metrics psnr,ssim,lpips --protocol dove "
      "--published UDM10 --json r.json --csv r.csv --html r.html";
  EXPECT_EQ(run(arguments), 6);
  EXPECT_THAT(said(), HasSubstr("error: b: "));
  EXPECT_THAT(said(), HasSubstr("lpips: not computed: needs alexnet-owt-7be5be79.pth"));
  EXPECT_THAT(said(), HasSubstr("25.63"));
  const auto json = nlohmann::json::parse(read_file("r.json"));
  EXPECT_EQ(json.at("count"), 1);
  EXPECT_EQ(json.at("protocol"), "dove");
  EXPECT_EQ(json.at("clips")[0].at("per_frame").at("psnr_rgb").size(), 2U);
  EXPECT_THAT(read_file("r.csv"), HasSubstr("mean"));
  EXPECT_THAT(read_file("r.html"), HasSubstr("</html>"));
  EXPECT_EQ(run(arguments), 6);
  EXPECT_THAT(said(), HasSubstr("a: already done"));
}

TEST_F(EvalProgram, ExitCodes) {
  EXPECT_EQ(run("--help"), 0);
  EXPECT_EQ(run("--weights-help"), 0);
  EXPECT_EQ(run(""), 2);
  EXPECT_EQ(run("--output out --metrics nosuch"), 2);
  EXPECT_EQ(run("--output nowhere"), 3);
  write_file("out/a.mp4", "text");
  EXPECT_EQ(run("--output out --metrics luma_pulse"), 3);
  std::filesystem::remove_all(folder_ / "out");
  make_clip("out/a", 2, 32, 32, pattern_reference);
  EXPECT_EQ(run("--output out --metrics dover"), 3);
  EXPECT_EQ(run("--output out --metrics luma_pulse --json"), 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out.clips" / ".part"));
}

TEST_F(EvalProgram, ComparesResultsAndFolders) {
  make_clip("gt/a", 2, 32, 32, pattern_reference);
  make_clip("one/a", 2, 32, 32, pattern_distorted(32, 32));
  make_clip("two/a", 2, 32, 32, pattern_reference);
  ASSERT_EQ(run("--output one --reference gt --metrics psnr --protocol dove --json one.json"), 0);
  EXPECT_EQ(run("--compare one.json two --reference gt --metrics psnr --protocol dove --json "
                "c.json --html c.html"),
            0)
      << said();
  EXPECT_THAT(said(), HasSubstr("on 1 of 1 clip"));
  const auto json = nlohmann::json::parse(read_file("c.json"));
  EXPECT_EQ(json.at("differences")[0].at("method"), "two");
  EXPECT_GT(json.at("differences")[0].at("mean_difference"), 40);
}

/// FFmpeg's own numbers of the same 8-bit frames: "... psnr_avg:26.77 ...", a line a frame.
TEST_F(EvalProgram, PsnrIsThatOfFfmpegsFilter) {
  ASSERT_EQ(run_command("ffmpeg -version"), 0)
      << "no ffmpeg program in PATH: scripts/setup installs it";
  make_clip("gt", 3, 64, 48, pattern_reference);
  make_clip("out", 3, 64, 48, [](int t, int c, int y, int x) {
    return std::min(255, pattern_distorted(48, 64)(t, c, y, x) + 2 * t);
  });
  ASSERT_EQ(run("--output out --reference gt --metrics psnr_rgb --json r.json"), 0) << said();
  ASSERT_EQ(run_command("ffmpeg -nostdin -v error -i out/%d.png -i gt/%d.png -lavfi "
                        "'[0:v]format=gbrp[a];[1:v]format=gbrp[b];[a][b]psnr=stats_file=log' "
                        "-f null -"),
            0)
      << said();
  const auto json = nlohmann::json::parse(read_file("r.json"));
  const auto& curve = json.at("clips")[0].at("per_frame").at("psnr_rgb");
  std::istringstream log(read_file("log"));
  std::size_t frames = 0;
  for (std::string line; std::getline(log, line); ++frames) {
    const auto at = line.find("psnr_avg:");
    ASSERT_NE(at, std::string::npos);
    EXPECT_NEAR(curve.at(frames).get<double>(), std::stod(line.substr(at + 9)), 0.01);
  }
  EXPECT_EQ(frames, 3U);
}

}  // namespace
}  // namespace oasis::eval
