#include "oasis/train/variant_config.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "oasis/core/error.h"
#include "oasis/train/train_config.h"
#include "tiny_training.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;

/// A configuration with `lines` added; START stands for a folder that looks like a teacher.
class VariantConfig : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(scratch_ / "start");
    for (const char* name : {"model.yaml", "vae_encoder.safetensors"}) {
      std::ofstream(scratch_ / "start" / name) << "x";
    }
  }

  TrainConfig load(const std::string& parts, std::string lines,
                   const std::string& latent = "off") const {
    const std::string start = (scratch_ / "start").string();
    if (const auto place = lines.find("START"); place != std::string::npos) {
      lines.replace(place, 5, start);
    }
    const fs::path path = scratch_ / "run.yaml";
    std::ofstream(path) << "output: run\nstart: " << start
                        << "\nhead_map: all_global\ndegradation: bicubic\ntrain: {parts: " << parts
                        << "}\ndata: {train: " << start << "}\nloss: {latent: " << latent
                        << ", lpips: off, warp: off}\n"
                        << lines << "\n";
    return load_train_config(path);
  }

  void expect_refusal(const std::string& parts, const std::string& lines, const std::string& named,
                      const std::string& latent = "off") const {
    try {
      load(parts, lines, latent);
      FAIL() << "the mistake was not seen: " << lines;
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_NE(message.find("run.yaml"), std::string::npos) << message;
      EXPECT_NE(message.find(named), std::string::npos) << message;
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    }
  }

  testing::Scratch scratch_;
};

TEST_F(VariantConfig, WithoutThemEverythingLearnsAndNothingIsFitted) {
  const TrainConfig config = load("dit", "");
  EXPECT_FALSE(config.lora.has_value());
  EXPECT_FALSE(config.distil.has_value());
  EXPECT_FALSE(config.projector_init.ridge);
}

TEST_F(VariantConfig, ReadsWhatIsWritten) {
  const TrainConfig adapted = load("dit",
                                   "lora: {rank: 16, alpha: 8, targets: [self_attn.q, ffn.2]}\n"
                                   "projector_init: ridge\nprojector_init_samples: 7");
  EXPECT_EQ(adapted.lora->rank, 16);
  EXPECT_EQ(adapted.lora->alpha, 8);
  EXPECT_EQ(adapted.lora->targets, (std::vector<std::string>{"self_attn.q", "ffn.2"}));
  EXPECT_TRUE(adapted.projector_init.ridge);
  EXPECT_EQ(adapted.projector_init.samples, 7);
  EXPECT_EQ(load("all", "lora: {rank: 8}").lora->alpha, 8);
  const TrainConfig taught = load("decoder", "distil: {teacher: START, share: 0.25}");
  EXPECT_EQ(taught.distil->share, 0.25);
}

TEST_F(VariantConfig, TheShippedConfigurationsAreRead) {
  const fs::path configs = fs::path(OASIS_SOURCE_DIR) / "configs";
  const std::string here = (scratch_ / "start").string();
  std::vector<std::string> files;
  for (const char* key : {"start", "data.train", "loss.lpips_trunk", "loss.lpips_linear"}) {
    files.push_back(fmt::format("{}={}", key, here));
  }
  auto distilling = files;
  distilling.push_back(fmt::format("distil.teacher={}", here));
  EXPECT_EQ(load_train_config(configs / "distil-decoder.yaml", distilling).distil->share, 0.5);
  files.push_back(fmt::format("loss.raft={}", here));
  files.push_back("lora={rank: 4, alpha: 8}");
  const TrainConfig stage1 = load_train_config(configs / "stage1.yaml", files);
  EXPECT_TRUE(stage1.projector_init.ridge);
  EXPECT_EQ(stage1.lora->alpha, 8);
}

TEST_F(VariantConfig, MistakesGiveOneLineWithFileAndKey) {
  expect_refusal("dit", "lora: {rnk: 4}", "rnk");
  expect_refusal("dit", "lora: {rank: 0}", "rank");
  expect_refusal("dit", "lora: {rank: many}", "rank");
  expect_refusal("dit", "lora: {alpha: -1}", "alpha");
  expect_refusal("dit", "lora: {targets: [self_attn.w]}", "self_attn.w");
  expect_refusal("dit", "lora: {targets: []}", "targets");
  expect_refusal("decoder", "lora: {rank: 4}", "train.parts");
  expect_refusal("dit", "projector_init: random", "random");
  expect_refusal("dit", "projector_init: ridge\nprojector_init_samples: 0", "at least 1");
  expect_refusal("decoder", "projector_init: ridge", "train.parts");
  expect_refusal("decoder", "distil: {teacher: nowhere}", "nowhere");
  expect_refusal("decoder", "distil: {share: 0.5}", "teacher");
  expect_refusal("decoder", "distil: {teacher: START, share: 2}", "share");
  expect_refusal("dit", "distil: {teacher: START}", "train.parts");
  expect_refusal("decoder", "distil: {teacher: START}", "loss.latent", "1.0");
}

}  // namespace
}  // namespace oasis::train
