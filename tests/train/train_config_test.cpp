#include "oasis/train/train_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "oasis/core/error.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGood = R"(output: run
start: START
head_map: all_global
degradation: bicubic
train: {parts: all, steps: 10}
batch: {global: 4, micro: 2}
data: {train: START, frames: 5, width: 64, height: 64}
loss: {latent: off, lpips: off, warp: off}
optimizer: {rate: 0.001, warmup: 2}
)";

class ConfigFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("oasis_config_" + std::to_string(::getpid()));
    fs::create_directories(folder_ / "start");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string text(const std::string& from, const std::string& to) const {
    std::string result = kGood;
    if (!from.empty()) {
      const auto place = result.find(from);
      EXPECT_NE(place, std::string::npos) << from;
      result.replace(place, from.size(), to);
    }
    for (auto place = result.find("START"); place != std::string::npos;
         place = result.find("START")) {
      result.replace(place, 5, (folder_ / "start").string());
    }
    return result;
  }

  fs::path write(const std::string& content) const {
    const fs::path path = folder_ / "run.yaml";
    std::ofstream(path) << content;
    return path;
  }

  fs::path folder_;
};

TEST_F(ConfigFile, ReadsWhatIsWrittenAndKeepsDefaults) {
  const TrainConfig config = load_train_config(write(text("", "")));
  EXPECT_EQ(config.steps, 10);
  EXPECT_EQ(config.parts, TrainedParts::all);
  EXPECT_EQ(config.global_batch, 4);
  EXPECT_EQ(config.data.width, 64);
  EXPECT_EQ(config.degradation.kind, DegradationConfig::Kind::bicubic);
  EXPECT_EQ(config.loss.latent, 0.0);
  EXPECT_EQ(config.loss.pixel, PixelLoss::mse);
  EXPECT_FALSE(config.loss.lpips.has_value());
  EXPECT_NEAR(config.optimizer.rate.base, 1e-3, 1e-12);
  EXPECT_EQ(config.optimizer.ema_decay.value_or(0), 0.999);
}

TEST_F(ConfigFile, OverridesReplaceAndAdd) {
  const TrainConfig config = load_train_config(
      write(text("", "")), {"train.steps=25", "optimizer.ema=off", "loss.gradient=0.5", "seed=7"});
  EXPECT_EQ(config.steps, 25);
  EXPECT_FALSE(config.optimizer.ema_decay.has_value());
  EXPECT_EQ(config.loss.gradient, 0.5);
  EXPECT_EQ(config.seed, 7U);
  EXPECT_NE(config.text.find("25"), std::string::npos);
}

TEST_F(ConfigFile, ReadsTurnsAndThePsnrLoss) {
  EXPECT_FALSE(load_train_config(write(text("", ""))).data.turn);
  const TrainConfig config = load_train_config(
      write(text("", "")), {"data.turn=true", "loss.pixel=psnr", "loss.psnr_epsilon=1e-3"});
  EXPECT_TRUE(config.data.turn);
  EXPECT_EQ(config.loss.pixel, PixelLoss::psnr);
  EXPECT_EQ(config.loss.psnr_epsilon, 1e-3);
  EXPECT_EQ(load_train_config(write(text("", ""))).loss.psnr_epsilon, 1e-6);
  EXPECT_THROW(load_train_config(write(text("", "")), {"loss.psnr_epsilon=0"}), Error);
  EXPECT_EQ(load_train_config(write(text("", ""))).loss.psnr_luma, 0);
  EXPECT_EQ(load_train_config(write(text("", "")), {"loss.psnr_luma=0.5"}).loss.psnr_luma, 0.5);
  EXPECT_THROW(load_train_config(write(text("", "")), {"loss.psnr_luma=1.5"}), Error);
}

TEST_F(ConfigFile, ReadsTheConditionDropout) {
  EXPECT_EQ(load_train_config(write(text("", ""))).condition_dropout, 0.0);
  EXPECT_EQ(
      load_train_config(write(text("", "")), {"train.condition_dropout=0.25"}).condition_dropout,
      0.25);
  EXPECT_THROW(load_train_config(write(text("", "")), {"train.condition_dropout=1.5"}), Error);
}

TEST_F(ConfigFile, TheShippedConfigurationsAreRead) {
  // Only the files they name are missing here: every key and value is checked before.
  for (const char* name : {"stage1", "stage2", "nano-stage1", "nano-stage2", "oasis-tiny-base",
                           "oasis-tiny-stage1", "oasis-tiny-stage2"}) {
    const fs::path path = fs::path(OASIS_SOURCE_DIR) / "configs" / (std::string(name) + ".yaml");
    const std::string start = "start=" + (folder_ / "start").string();
    const std::string data = "data.train=" + (folder_ / "start").string();
    std::vector<std::string> overrides = {start, data, "head_map=start"};
    if (std::string(name).rfind("stage", 0) == 0) {
      for (const char* key : {"loss.lpips_trunk", "loss.lpips_linear", "loss.raft"}) {
        overrides.push_back(std::string(key) + "=" + (folder_ / "start").string());
      }
    }
    EXPECT_NO_THROW(load_train_config(path, overrides)) << name;
  }
}

struct Mistake {
  const char* name;
  const char* from;
  const char* to;
  const char* named;  ///< what the message must contain
};

class Mistakes : public ConfigFile, public ::testing::WithParamInterface<Mistake> {};

TEST_P(Mistakes, GiveOneLineWithFileAndKey) {
  const Mistake& mistake = GetParam();
  const fs::path path = write(text(mistake.from, mistake.to));
  try {
    load_train_config(path);
    FAIL() << "the mistake was not seen";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(message.find("run.yaml"), std::string::npos) << message;
    EXPECT_NE(message.find(mistake.named), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Mistakes,
    ::testing::Values(
        Mistake{"UnknownTopKey", "output: run", "output: run\nouptut: x", "ouptut"},
        Mistake{"UnknownNestedKey", "steps: 10", "step: 10", "step"},
        Mistake{"MissingOutput", "output: run\n", "", "output"},
        Mistake{"MissingHeadMap", "head_map: all_global\n", "", "head_map"},
        Mistake{"MissingLoss", "loss: {latent: off, lpips: off, warp: off}\n", "", "loss"},
        Mistake{"StartNotThere", "start: START", "start: nowhere", "nowhere"},
        Mistake{"HeadMapNotThere", "head_map: all_global", "head_map: gone.yaml", "gone.yaml"},
        Mistake{"TrainNotThere", "train: START", "train: nowhere", "nowhere"},
        Mistake{"WrongType", "steps: 10", "steps: many", "steps"},
        Mistake{"NegativeSteps", "steps: 10", "steps: -1", "steps"},
        Mistake{"BadPart", "parts: all", "parts: encoder", "encoder"},
        Mistake{"BatchNoMultiple", "global: 4, micro: 2", "global: 4, micro: 3", "micro"},
        Mistake{"FramesNot4nPlus1", "frames: 5", "frames: 6", "frames"},
        Mistake{"WidthNotMultipleOf16", "width: 64", "width: 72", "width"},
        Mistake{"TooSmall", "height: 64", "height: 32", "height"},
        Mistake{"UnknownDegradation", "degradation: bicubic", "degradation: stage3", "stage3"},
        Mistake{"UnknownPixelLoss", "lpips: off", "lpips: off, pixel: l1", "mse, off, psnr"},
        Mistake{"TurnIsNoSwitch", "train: START", "turn: 90, train: START", "turn"},
        Mistake{"LpipsWithoutWeights", "lpips: off", "lpips: vgg", "lpips"},
        Mistake{"WarpWithoutFlow", "warp: off", "warp: 0.1, flow: off", "flow"},
        Mistake{"RaftWithoutWeights", "warp: off", "warp: 0.1, flow: raft", "raft"},
        Mistake{"UnknownFlow", "warp: off", "warp: off, flow: farneback", "farneback"},
        Mistake{"EveryTermOff", "lpips: off", "lpips: off, pixel: off", "every term"},
        Mistake{"RateOutOfRange", "rate: 0.001", "rate: 5", "rate"},
        Mistake{"UnknownSchedule", "warmup: 2", "warmup: 2, schedule: step", "schedule"},
        Mistake{"BadPrecision", "output: run", "output: run\nprecision: fp8", "fp8"},
        Mistake{"BadYaml", "head_map: all_global", "head_map: [", "run.yaml"}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace oasis::train
