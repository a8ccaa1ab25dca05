#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "oasis/media/image_io.h"
#include "oasis/media/video_reader.h"

namespace {

namespace fs = std::filesystem;
namespace media = oasis::media;

class InferProgram : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "oasis-infer-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    fs::create_directory(folder_ / "in");
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// `count` images with a bright square that moves.
  void make_input(int count) {
    for (int i = 0; i < count; ++i) {
      media::Frame frame;
      frame.resize(22, 18);
      std::fill(frame.rgb.begin(), frame.rgb.end(), 0.2F);
      for (int y = 4; y < 10; ++y) frame.plane(1)[y * 22 + (i % 20)] = 0.9F;
      media::write_png(folder_ / "in" / (std::to_string(i) + ".png"), frame);
    }
  }

  /// Runs the program; `{}` in arguments stands for the test's folder.
  int run(std::string arguments) const {
    for (size_t at; (at = arguments.find("{}")) != std::string::npos;) {
      arguments.replace(at, 2, folder_.string());
    }
    const std::string command =
        std::string(OASIS_BIN_DIR "/oasis-infer ") + arguments + " >/dev/null 2>&1";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  /// Starts the program on the input without waiting for it.
  pid_t start(const std::string& output, const std::vector<std::string>& more) const {
    const pid_t child = fork();
    if (child != 0) return child;
    std::vector<std::string> arguments = {"oasis-infer", (folder_ / "in").string(), output,
                                          "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::vector<char*> raw;
    for (std::string& argument : arguments) raw.push_back(argument.data());
    raw.push_back(nullptr);
    execv(OASIS_BIN_DIR "/oasis-infer", raw.data());
    _exit(99);
  }

  static std::string contents(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  fs::path folder_;
};

TEST_F(InferProgram, UpscalesAClip) {
  make_input(7);
  ASSERT_EQ(run("{}/in {}/out.mkv --model bicubic --codec ffv1 --json {}/report.json"), 0);
  const auto reader = media::VideoReader::open(folder_ / "out.mkv");
  EXPECT_EQ(reader->info().width, 88);
  EXPECT_EQ(reader->info().height, 72);
  int frames = 0;
  for (media::Frame frame; reader->next(frame); ++frames) {
    EXPECT_NEAR(frame.plane(0)[87], 0.2F, 0.01F);
  }
  EXPECT_EQ(frames, 7);
  const auto report = nlohmann::json::parse(std::ifstream(folder_ / "report.json"));
  EXPECT_EQ(report["frames"], 7);
  EXPECT_EQ(report["output_size"], nlohmann::json({88, 72}));
}

TEST_F(InferProgram, TakesARangeAndASize) {
  make_input(7);
  ASSERT_EQ(run("{}/in {}/out.mkv --model bicubic --frames 2:6 --size 50x40"), 0);
  const auto reader = media::VideoReader::open(folder_ / "out.mkv");
  EXPECT_EQ(reader->info().width, 50);
  int frames = 0;
  for (media::Frame frame; reader->next(frame);) ++frames;
  EXPECT_EQ(frames, 4);
}

struct Wrong {
  const char* arguments;
  int code;
};

void PrintTo(const Wrong& wrong, std::ostream* stream) {
  *stream << "\"" << wrong.arguments << "\" gives " << wrong.code;
}

class InferProgramCodes : public InferProgram, public testing::WithParamInterface<Wrong> {};

TEST_P(InferProgramCodes, SayWhatIsWrong) {
  make_input(1);
  EXPECT_EQ(run(GetParam().arguments), GetParam().code) << GetParam().arguments;
  EXPECT_FALSE(fs::exists(folder_ / "out.mkv"));
}

INSTANTIATE_TEST_SUITE_P(Cases, InferProgramCodes,
                         testing::Values(Wrong{"--help", 0}, Wrong{"--version", 0},
                                         Wrong{"{}/in", 2},
                                         Wrong{"{}/in {}/out.mkv --model bicubic --nonsense", 2},
                                         Wrong{"{}/in {}/out.mkv --model bicubic --chunk 32", 2},
                                         Wrong{"{}/in {}/out.mkv --model bicubic --size 51x40", 2},
                                         Wrong{"{}/in {}/out.mkv --model {}/nowhere", 2},
                                         Wrong{"{}/nowhere.mp4 {}/out.mkv --model bicubic", 3}));

TEST_F(InferProgram, BicubicGivesTheSameFileForEverySetting) {
  make_input(9);
  for (const char* name : {"a.mp4", "a.mkv"}) {
    std::string expected;
    for (const char* settings : {"", "--threads 1", "--threads 3 --tile 32x32", "--chunk 5"}) {
      const std::string out = (folder_ / name).string();
      ASSERT_EQ(run("{}/in " + out + " --model bicubic --overwrite " + settings), 0);
      if (expected.empty()) expected = contents(out);
      EXPECT_FALSE(expected.empty());
      EXPECT_TRUE(contents(out) == expected) << name << " " << settings;
    }
  }
}

TEST_F(InferProgram, GoesOnAfterBeingKilled) {
  make_input(60);
  for (const std::string name : {"out.mkv", "frames"}) {
    const std::string common = " --model bicubic --scale 20 --chunk 5 --resume --part-frames 4";
    const std::string codec = name == "frames" ? "" : " --codec ffv1";
    ASSERT_EQ(run("{}/in {}/whole-" + name + common + codec), 0);
    const fs::path output = folder_ / name;
    const fs::path parts = output.string() + ".part.d";
    const auto sixth = name == "frames" ? fs::path(output.string() + ".part") / "000021.png"
                                        : parts / "000005.packets";
    std::vector<std::string> arguments = {"--model", "bicubic",  "--scale",       "20", "--chunk",
                                          "5",       "--resume", "--part-frames", "4"};
    if (!codec.empty()) arguments.insert(arguments.end(), {"--codec", "ffv1"});
    const pid_t child = start(output, arguments);
    ASSERT_GT(child, 0);
    for (int i = 0; i < 1000 && !fs::exists(sixth); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the work was done before it could be killed";
    EXPECT_FALSE(fs::exists(output));
    EXPECT_TRUE(fs::exists(sixth));

    // Other options are refused, and the parts stay.
    EXPECT_EQ(run("{}/in {}/" + name + common + codec + " --size 80x80"), 2);
    ASSERT_EQ(run("{}/in {}/" + name + common + codec + " --json {}/report.json"), 0);
    const auto report = nlohmann::json::parse(std::ifstream(folder_ / "report.json"));
    const int before = report["frames_done_before"];
    EXPECT_GE(before, 20);
    EXPECT_EQ(report["frames"], 60 - before);
    EXPECT_FALSE(fs::exists(parts));
    if (name == "frames") {
      for (int i = 1; i <= 60; ++i) {
        const std::string image = fmt::format("{:06d}.png", i);
        EXPECT_TRUE(contents(output / image) == contents(folder_ / ("whole-" + name) / image))
            << image;
      }
      EXPECT_EQ(std::distance(fs::directory_iterator(output), fs::directory_iterator()), 60);
    } else {
      EXPECT_TRUE(contents(output) == contents(folder_ / ("whole-" + name)));
    }
  }
}

TEST_F(InferProgram, ResumesOnlyWhatIsThere) {
  make_input(3);
  ASSERT_EQ(run("{}/in {}/out.mkv --model bicubic --resume"), 0);
  EXPECT_FALSE(fs::exists(folder_ / "out.mkv.part.d"));
  EXPECT_EQ(run("{}/in {}/out.mkv --model bicubic --resume"), 2);
  EXPECT_FALSE(fs::exists(folder_ / "out.mkv.part.d"));
}

TEST_F(InferProgram, AnInterruptLeavesNoFile) {
  make_input(100);
  const std::string in = folder_ / "in";
  const std::string out = folder_ / "out.mkv";
  for (const auto& [signal, code] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}}) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      execl(OASIS_BIN_DIR "/oasis-infer", "oasis-infer", in.c_str(), out.c_str(), "--model",
            "bicubic", "--scale", "40", "--chunk", "1", "--codec", "ffv1", "--quiet", nullptr);
      _exit(99);
    }
    // The partial file shows that the handlers are in place and work has begun.
    for (int i = 0; i < 200 && !fs::exists(out + ".part"); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    kill(child, signal);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), code);
    EXPECT_FALSE(fs::exists(out));
    EXPECT_FALSE(fs::exists(out + ".part"));
  }
}

}  // namespace
