#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "eval_fixture.h"
#include "oasis/model/oasis_model.h"

namespace oasis::eval {
namespace {

using testing::HasSubstr;

/// The script on two clips of images, with the programs of this build.
class EvaluateTiny : public EvalTest {
 protected:
  void SetUp() override {
    EvalTest::SetUp();
    for (const char* program : {"oasis-infer", "oasis-train", "oasis-eval"}) {
      ASSERT_TRUE(std::filesystem::exists(std::filesystem::path(OASIS_BIN_DIR) / program))
          << program << " is not built: build the target " << program;
    }
    ASSERT_EQ(std::system("ffmpeg -version >/dev/null 2>&1"), 0)
        << "no ffmpeg program in PATH: scripts/setup installs it";
  }

  int run(const std::string& arguments) const {
    const int status =
        std::system(fmt::format("cd {} && OASIS_BIN_DIR={} {}/scripts/evaluate_tiny {} >said 2>&1",
                                folder_.string(), OASIS_BIN_DIR, OASIS_SOURCE_DIR, arguments)
                        .c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string said() const { return read_file("said"); }
};

TEST_F(EvaluateTiny, MeasuresAndJudges) {
  make_clip("val/a", 2, 65, 66, pattern_reference);
  make_clip("val/b", 2, 65, 66, pattern_reference);
  model::initialise_model_folder(folder_ / "nano", model::nano_description(), 1);
  const std::string arguments = "val out --model nano --sets stage1 --seeds 1 --frames 2 --clips a";
  ASSERT_EQ(run(arguments), 0) << said();
  EXPECT_THAT(said(), HasSubstr("Not every bar is met"));
  EXPECT_THAT(read_file("out/report.md"), HasSubstr("## stage1: "));
  const auto json = nlohmann::json::parse(read_file("out/report.json"));
  EXPECT_EQ(json.at("unmeasured").size(), 4U);
  ASSERT_EQ(json.at("sets").size(), 1U);
  const auto& clips = json.at("sets")[0].at("clips");
  ASSERT_EQ(clips.size(), 1U);
  EXPECT_EQ(clips[0].at("frames"), 2);
  for (const char* metric : {"psnr_y", "psnr_y_centred", "ssim_y", "ewarp_clean_dis"}) {
    EXPECT_TRUE(clips[0].at("scores").contains(metric)) << metric;
  }
  EXPECT_EQ(json.at("sets")[0].at("bars").size(), 4U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/upscaled/bicubic/stage1/seed0"));

  ASSERT_EQ(run(arguments), 0) << said();
  EXPECT_THAT(said(), testing::Not(HasSubstr("variant"))) << "everything was measured already";
  EXPECT_EQ(run("val out --model nano --sets stage1 --frames 1 --clips a"), 2);
  EXPECT_THAT(said(), HasSubstr("other settings"));
}

TEST_F(EvaluateTiny, WrongUsage) {
  EXPECT_EQ(run("--help"), 0);
  EXPECT_THAT(said(), HasSubstr("--seeds N"));
  EXPECT_EQ(run("val"), 2);
  EXPECT_EQ(run("nowhere out"), 3);
  make_clip("val/a", 2, 65, 66, pattern_reference);
  EXPECT_EQ(run("val out --sets clean,stage3"), 2);
  EXPECT_EQ(run("val out --model nowhere"), 3);
}

}  // namespace
}  // namespace oasis::eval
