#ifdef OASIS_WITH_MEDIA

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
#include <string>
#include <thread>

#include "oasis/model/oasis_model.h"
#include "oasis/nn/head_map.h"

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A small random model and folders of images as videos.
class RouteProgram : public testing::Test {
 protected:
  static constexpr int kFrames = 17;

  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "oasis-route-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    auto about = oasis::model::nano_description();
    about.dit.layers = about.dit.num_heads = 2;
    oasis::model::initialise_model_folder(folder_ / "model", about, 1);
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// A "video" of 64x64 pixels: a pattern that moves.
  void make_video(const std::string& name, int seed, int frames = kFrames) const {
    fs::create_directories(folder_ / name);
    for (int t = 0; t < frames; ++t) {
      std::ofstream file(folder_ / name / (std::to_string(t) + ".ppm"), std::ios::binary);
      file << "P6\n64 64\n255\n";
      for (int i = 0; i < 64 * 64 * 3; ++i) {
        const int x = i / 3 % 64 + t * (seed % 3), y = i / 192;
        file.put(static_cast<char>((x * x * (1 + seed) / 7 + y * (i % 3 + 3)) % 251));
      }
    }
  }

  void make_list(const std::string& name, const std::string& lines) const {
    std::ofstream(folder_ / name) << lines;
  }

  /// Five videos and two orders of listing them.
  void make_five() const {
    for (int i = 0; i < 5; ++i) make_video("clip" + std::to_string(i), i);
    make_list("list.txt", "clip0\nclip1\nclip2 # the third\n\nclip3\nclip4\n");
    make_list("turned.txt", "clip4\nclip3\nclip2\nclip1\nclip0\nclip1\n");
  }

  std::string command(std::string arguments) const {
    for (size_t at; (at = arguments.find("{}")) != std::string::npos;) {
      arguments.replace(at, 2, folder_.string());
    }
    return std::string(OASIS_BIN_DIR "/oasis-route --model ") + (folder_ / "model").string() + " " +
           arguments;
  }

  /// Runs the program; `{}` in arguments stands for the test's folder.
  int run(const std::string& arguments) const {
    const int status = std::system((command(arguments) + " >/dev/null 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  void expect_same_results(const std::string& a, const std::string& b) const {
    for (const char* file : {"head_map.yaml", "scores.csv", "videos.txt", "summary.txt",
                             "head_map.png", "stability.csv", "stability.png"}) {
      EXPECT_EQ(text_of(folder_ / a / file), text_of(folder_ / b / file)) << file;
    }
  }

  fs::path folder_;
};

TEST_F(RouteProgram, WritesAMapThatTheModelTakes) {
  make_five();
  ASSERT_EQ(run("--videos {}/list.txt --out {}/out --rho 0.5 --stability 4 --json {}/report.json"),
            0);
  const auto map = oasis::nn::read_head_map(folder_ / "out/head_map.yaml", 2, 2);
  EXPECT_EQ(count_kinds(map).global, 2);
  EXPECT_EQ(map.videos, 5);
  EXPECT_EQ(map.score, "forward_floor");
  const auto report = nlohmann::json::parse(text_of(folder_ / "report.json"));
  EXPECT_EQ(report.at("heads").at("global"), 2);
  EXPECT_EQ(report.at("stability").at("videos_per_subset"), 2);
  EXPECT_EQ(text_of(folder_ / "out/summary.txt").find("2 of 4 heads stay global; "), 0U);
  fs::copy(folder_ / "out/head_map.yaml", folder_ / "model/head_map.yaml",
           fs::copy_options::overwrite_existing);
  EXPECT_NO_THROW(oasis::model::OasisModel::load(folder_ / "model", {}));
}

TEST_F(RouteProgram, DependsOnNeitherOrderNorThreadsNorInterruption) {
  make_five();
  ASSERT_EQ(run("--videos {}/list.txt --out {}/a --stability 3 --threads 1"), 0);
  ASSERT_EQ(run("--videos {}/turned.txt --out {}/b --stability 3 --threads 2"), 0);
  expect_same_results("a", "b");
  int removed = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "b/statistics")) {
    if (removed++ < 2) fs::remove(entry.path());
  }
  ASSERT_EQ(run("--videos {}/list.txt --out {}/b --stability 3 --json {}/report.json"), 0);
  expect_same_results("a", "b");
  const auto report = nlohmann::json::parse(text_of(folder_ / "report.json"));
  EXPECT_EQ(report.at("videos_from_earlier_run"), 3);
}

TEST_F(RouteProgram, MeasuresAnewWithAnotherProjector) {
  make_video("clip", 1);
  make_list("one.txt", "clip\n");
  const auto videos_kept = [this] {
    EXPECT_EQ(run("--videos {}/one.txt --out {}/out --json {}/report.json"), 0);
    return nlohmann::json::parse(text_of(folder_ / "report.json")).at("videos_from_earlier_run");
  };
  EXPECT_EQ(videos_kept(), 0);
  EXPECT_EQ(videos_kept(), 1);
  auto about = oasis::model::nano_description();
  about.dit.layers = about.dit.num_heads = 2;
  oasis::model::initialise_model_folder(folder_ / "other", about, 2);
  fs::copy(folder_ / "other/projector.safetensors",
           oasis::model::averaged_weights_file(folder_ / "model", "projector"));
  EXPECT_EQ(videos_kept(), 0);
  EXPECT_EQ(videos_kept(), 1);
}

TEST_F(RouteProgram, DegradesTheVideosByAPipeline) {
  make_five();
  const auto scores = [this](const std::string& out, const std::string& options) {
    EXPECT_EQ(run("--videos {}/list.txt --frames 5 --out {}/" + out + " " + options), 0);
    return text_of(folder_ / out / "scores.csv");
  };
  const std::string bicubic = scores("bicubic", "");
  const std::string first = scores("first", "--degrade stage1 --threads 1");
  EXPECT_EQ(scores("again", "--degrade stage1 --threads 2"), first);
  EXPECT_NE(first, bicubic);
  EXPECT_NE(scores("other", "--degrade stage2"), first);
  EXPECT_NE(scores("first", "--degrade stage1 --seed 1"), first);  // not from the statistics kept
  EXPECT_EQ(run("--videos {}/list.txt --out {}/wrong --degrade stage3"), 2);
  EXPECT_EQ(run("--videos {}/list.txt --out {}/wrong --degrade stage1 --lq"), 2);
}

TEST_F(RouteProgram, GoesOnAfterKill) {
  make_five();
  ASSERT_EQ(run("--videos {}/list.txt --out {}/a --stability 3"), 0);
  const auto line = command("--videos {}/list.txt --out {}/b --stability 3");
  const pid_t child = fork();
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", ("exec " + line + " >/dev/null 2>&1").c_str(), nullptr);
    _exit(127);
  }
  const auto statistics = folder_ / "b/statistics";
  for (int i = 0; i < 2000; ++i) {  // until the first video is finished
    if (fs::exists(statistics) && !fs::is_empty(statistics)) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ASSERT_EQ(run("--videos {}/list.txt --out {}/b --stability 3"), 0);
  expect_same_results("a", "b");
}

TEST_F(RouteProgram, SkipsAndNamesWhatCannotBeUsed) {
  make_video("good", 1);
  make_video("short", 2, 3);
  make_list("broken.mp4", "no video");
  make_list("list.txt", "good\nshort\nbroken.mp4\nabsent.mp4\n");
  ASSERT_EQ(run("--videos {}/list.txt --out {}/out --json {}/report.json"), 0);
  const auto summary = text_of(folder_ / "out/summary.txt");
  for (const char* name : {"short", "broken.mp4", "absent.mp4"}) {
    EXPECT_NE(summary.find(name), std::string::npos) << name;
  }
  EXPECT_EQ(oasis::nn::read_head_map(folder_ / "out/head_map.yaml", 2, 2).videos, 1);
  make_list("list.txt", "short\n");
  EXPECT_EQ(run("--videos {}/list.txt --out {}/none"), 3);
}

TEST_F(RouteProgram, RefusesWrongUse) {
  make_video("clip", 1);
  make_list("list.txt", "clip\n");
  EXPECT_EQ(run("--videos {}/list.txt --out {}/out --rho 1.5"), 2);
  EXPECT_EQ(run("--videos {}/list.txt --out {}/out --score sharpness"), 2);
  EXPECT_EQ(run("--videos {}/list.txt --out {}/out --frames 16"), 2);
  EXPECT_EQ(run("--videos {}/list.txt --out {}/out --crop 640"), 2);
  EXPECT_EQ(run("--videos {}/list.txt --out {}/out --on-base"), 2);
  EXPECT_EQ(run("--videos {}/list.txt"), 2);
  EXPECT_EQ(run("--videos {}/nowhere --out {}/out"), 3);
  EXPECT_EQ(run("--help"), 0);
}

}  // namespace

#endif  // OASIS_WITH_MEDIA
