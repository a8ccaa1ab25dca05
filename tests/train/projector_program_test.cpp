// Ridge initialisation by program: oasis-convert, oasis-train --ridge, then oasis-route --on-base.
#ifdef OASIS_WITH_MEDIA

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "oasis/data/packed_samples.h"
#include "oasis/model/projector_origin.h"
#include "tiny_training.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;

class ProjectorPrograms : public ::testing::Test {
 protected:
  void SetUp() override {
    data::PackedWriter writer(scratch_ / "packed", 4);
    for (std::uint64_t i = 0; i < 4; ++i) writer.add(testing::WavesSource().sample(i), i);
    writer.finish();
    std::ofstream(scratch_ / "run.yaml")
        << "output: " << (scratch_ / "run").string() << "\nstart: " << (scratch_ / "model").string()
        << "\nhead_map: all_global\ndegradation: bicubic\nprecision: fp32\n"
        << "train: {parts: dit, steps: 1}\nbatch: {global: 1}\n"
        << "data: {train: " << (scratch_ / "packed").string()
        << ", frames: 5, width: 64, height: 64}\n"
        << "loss: {latent: 1.0, lpips: off, warp: off}\n"
        << "projector_init: ridge\nprojector_init_samples: 2\n";
    ASSERT_EQ(run("oasis-convert init --size nano --vae {}/model"), 0);
  }

  /// A moving pattern of 17 frames of 64x64 pixels as a folder of images.
  void make_video() const {
    fs::create_directories(scratch_ / "clip");
    for (int t = 0; t < 17; ++t) {
      std::ofstream file((scratch_ / "clip") / (std::to_string(10 + t) + ".ppm"), std::ios::binary);
      file << "P6\n64 64\n255\n";
      for (int i = 0; i < 64 * 64 * 3; ++i) {
        file.put(static_cast<char>((i / 3 % 64 * 3 + t * 2 + i / 192 * (i % 3 + 1)) % 251));
      }
    }
    std::ofstream(scratch_ / "videos.txt") << (scratch_ / "clip").string() << "\n";
  }

  /// Runs a program of the build; `{}` stands for the test's folder, `log.txt` gets its output.
  int run(std::string line) const {
    for (std::size_t at; (at = line.find("{}")) != std::string::npos;) {
      line.replace(at, 2, (scratch_ / "").parent_path().string());
    }
    const std::string log = (scratch_ / "log.txt").string();
    const int status =
        std::system((OASIS_BIN_DIR "/" + line + " --quiet >" + log + " 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string output() const {
    std::ifstream file(scratch_ / "log.txt");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  testing::Scratch scratch_;
};

TEST_F(ProjectorPrograms, RoutingOnBaseTakesTheFittedProjector) {
  make_video();
  const std::string route =
      "oasis-route --model {}/model --videos {}/videos.txt --count 1 --on-base --out {}/";
  fs::copy(scratch_ / "model/vae_encoder.safetensors", scratch_ / "kept.safetensors");
  fs::remove(scratch_ / "model/vae_encoder.safetensors");
  EXPECT_EQ(run(route + "refused"), 2) << output();
  EXPECT_EQ(run("oasis-train --config {}/run.yaml --ridge 2"), 2) << output();
  fs::copy(scratch_ / "kept.safetensors", scratch_ / "model/vae_encoder.safetensors");

  ASSERT_EQ(run("oasis-train --config {}/run.yaml --ridge 2 --json"), 0) << output();
  const auto report = nlohmann::json::parse(output());
  EXPECT_EQ(report.at("samples"), 2);
  EXPECT_EQ(report.at("channels").size(), 16U);
  EXPECT_GT(report.at("all").at("r2").get<double>(), 0.0);
  EXPECT_TRUE(model::projector_is_fit(scratch_ / "model"));
  EXPECT_EQ(run("oasis-convert verify {}/model"), 0) << output();

  fs::remove(scratch_ / "model/vae_encoder.safetensors");
  EXPECT_EQ(run(route + "routed"), 0) << output();
  EXPECT_TRUE(fs::exists(scratch_ / "routed/head_map.yaml"));
}

TEST_F(ProjectorPrograms, TrainingFitsARandomProjectorFirstAndOnlyOnce) {
  ASSERT_EQ(run("oasis-train --config {}/run.yaml"), 0) << output();
  EXPECT_TRUE(model::projector_is_fit(scratch_ / "model"));
  const auto fitted = fs::last_write_time(scratch_ / "model/projector.safetensors");
  ASSERT_EQ(run("oasis-train --config {}/run.yaml --set output={}/again"), 0) << output();
  EXPECT_EQ(fs::last_write_time(scratch_ / "model/projector.safetensors"), fitted);
  EXPECT_TRUE(model::projector_is_fit(scratch_ / "again/model"));
}

TEST_F(ProjectorPrograms, AStudentKeepsEverythingButTheDecoder) {
  ASSERT_EQ(run("oasis-train --config {}/run.yaml --ridge 2"), 0) << output();
  ASSERT_EQ(run("oasis-convert student --model {}/model --widths 8,8,8,8 {}/student"), 0)
      << output();
  EXPECT_TRUE(model::projector_is_fit(scratch_ / "student"));
  EXPECT_EQ(run("oasis-train --config {}/run.yaml --set start={}/student --set train.parts=decoder "
                "--set loss.latent=off --set projector_init=keep --set "
                "'distil={ teacher: {}/model, share: 0.5 }' --set output={}/taught"),
            0)
      << output();
  const auto model = model::OasisModel::load(scratch_ / "taught/model", {});
  EXPECT_EQ(model->about().decoder, model::DecoderKind::light_conditional);
}

}  // namespace
}  // namespace oasis::train

#endif
