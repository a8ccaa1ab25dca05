#include "oasis/train/trainer.h"

#include <gtest/gtest.h>
#include <torch/torch.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/model/oasis_model.h"
#include "oasis/train/checkpoint_folder.h"
#include "oasis/train/trainable_model.h"
#include "tiny_training.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;

using testing::smallest_model;
using testing::WavesSource;

class TrainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("oasis_trainer_" +
               std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) +
               std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    model::initialise_model_folder(folder_ / "start", smallest_model(), 3);
  }
  void TearDown() override { fs::remove_all(folder_); }

  TrainConfig config(const std::string& output, std::int64_t steps) const {
    TrainConfig config;
    config.output = folder_ / output;
    config.start = folder_ / "start";
    config.head_map = "all_global";
    config.parts = TrainedParts::all;
    config.steps = steps;
    config.save_every = 3;
    config.keep_last = 2;
    config.global_batch = 4;
    config.micro_batch = 1;
    config.data.threads = 1;
    config.loss.latent = 0;
    config.loss.warp = 0;
    config.loss.gradient = 0.1;
    config.optimizer.rate.base = 3e-3;
    config.optimizer.ema_decay = 0.9;
    return config;
  }

  static TrainingResult train(const TrainConfig& config, bool resume,
                              std::shared_ptr<Comm> comm = single_process()) {
    Trainer trainer(config, std::make_shared<WavesSource>(), c10::Device(c10::kCPU),
                    std::move(comm), {});
    EXPECT_EQ(resume && trainer.resume(), resume);
    return trainer.run();
  }

  checkpoint::StateDict result(const std::string& output) const {
    checkpoint::StateDict all;
    for (const char* part : {"projector", "dit", "decoder", "dit_ema"}) {
      const auto file = std::string(part) + ".safetensors";
      for (const auto& [name, tensor] :
           checkpoint::load_safetensors(folder_ / output / "model" / file)) {
        all.emplace(std::string(part) + "." + name, tensor.clone());
      }
    }
    return all;
  }

  static void expect_equal(const checkpoint::StateDict& a, const checkpoint::StateDict& b) {
    ASSERT_EQ(a.size(), b.size());
    for (const auto& [name, tensor] : a) EXPECT_TRUE(at::equal(tensor, b.at(name))) << name;
  }

  // The distance of two results relative to their length, all parameters as one vector.
  static double distance(const checkpoint::StateDict& a, const checkpoint::StateDict& b) {
    double error = 0;
    double size = 0;
    for (const auto& [name, tensor] : a) {
      error += (tensor - b.at(name)).to(at::kDouble).square().sum().item<double>();
      size += tensor.to(at::kDouble).square().sum().item<double>();
    }
    return std::sqrt(error / size);
  }

  fs::path folder_;
};

TEST_F(TrainerTest, TheLossFallsAndTheResultIsAModel) {
  TrainConfig run = config("run", 12);
  const TrainingResult end = train(run, false);
  EXPECT_EQ(end.step, 12);
  const auto curve = TrainingLog::read(run.output, "loss");
  ASSERT_EQ(curve.size(), 12U);
  EXPECT_LT(curve.back().second, 0.9 * curve.front().second);
  const auto model = model::OasisModel::load(run.output / "model", {});
  EXPECT_TRUE(model->about().trained);
  EXPECT_EQ(model->upscale(at::zeros({1, 3, 5, 16, 16})).sizes(),
            (std::vector<std::int64_t>{1, 3, 5, 64, 64}));
}

TEST_F(TrainerTest, WarnsOfAMovingAverageThatRemembersTheStart) {
  TrainConfig run = config("slow", 2);
  ::testing::internal::CaptureStderr();
  train(run, false);
  const std::string slow = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(slow.find("after 2 steps the moving average (optimizer.ema: 0.9) is still 81%"),
            std::string::npos)
      << slow;
  run = config("fast", 2);
  run.optimizer.ema_decay = 0.3;
  ::testing::internal::CaptureStderr();
  train(run, false);
  const std::string fast = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(fast.find("moving average"), std::string::npos) << fast;
}

TEST_F(TrainerTest, ResumingGivesTheSameBits) {
  TrainConfig straight = config("straight", 8);
  straight.condition_dropout = 0.5;
  train(straight, false);
  TrainConfig broken = config("broken", 6);  // its last checkpoint is that of step 6
  broken.condition_dropout = 0.5;
  train(broken, false);
  broken.steps = 8;
  broken.data.threads = 3;
  train(broken, true);
  expect_equal(result("straight"), result("broken"));
}

TEST_F(TrainerTest, RanksGiveTheNumbersOfOneProcess) {
  const auto of = [this](const std::string& name) {
    TrainConfig run = config(name, 5);
    run.condition_dropout = 0.5;
    return run;
  };
  train(of("one"), false);
  for (const int world : {2, 4}) {
    const auto store = c10::make_intrusive<c10d::HashStore>();
    const std::string name = "ranks" + std::to_string(world);
    std::vector<std::thread> threads;
    for (int rank = 0; rank < world; ++rank) {
      threads.emplace_back(
          [&, rank] { train(of(name), false, store_comm(store, rank, world, 60)); });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_LT(distance(result("one"), result(name)), 1e-6) << world << " ranks";
  }
}

TEST_F(TrainerTest, ConditionDropoutHidesTheFramesOfWholeSamples) {
  testing::wake_last_layer(folder_ / "start", "decoder.safetensors", "head.");
  const torch::NoGradGuard no_grad;
  TrainableModel model(folder_ / "start", TrainedParts::all, false, c10::Device(c10::kCPU),
                       at::kFloat);
  const at::Tensor lq = WavesSource().sample(1).lq.unsqueeze(0).repeat({2, 1, 1, 1, 1});
  const at::Tensor seen = model.forward(lq).video;
  const at::Tensor one_hidden = model.forward(lq, at::tensor({1.0F, 0.0F})).video;
  EXPECT_TRUE(at::allclose(one_hidden[0], seen[0], 0, 1e-6));
  EXPECT_GT((one_hidden[1] - seen[1]).abs().max().item<double>(), 1e-3);
  const at::Tensor latent = model.restore(lq);
  EXPECT_TRUE(at::allclose(model.decode(latent, lq, at::zeros({2}))[0], one_hidden[1], 0, 1e-6));
}

TEST_F(TrainerTest, ConditionDropoutNeedsAConditionalDecoder) {
  model::ModelDescription plain = smallest_model();
  plain.decoder = model::DecoderKind::frame_cnn;
  plain.frame_cnn = {8, 1};
  model::initialise_model_folder(folder_ / "start", plain, 3);
  TrainConfig run = config("run", 1);
  run.parts = TrainedParts::decoder;
  run.condition_dropout = 0.5;
  EXPECT_THROW(train(run, false), Error);
}

TEST_F(TrainerTest, LogsTheGradientOfEachPart) {
  const TrainConfig run = config("run", 3);
  train(run, false);
  for (const char* part : {"grad_norm/projector", "grad_norm/dit", "grad_norm/decoder"}) {
    const auto curve = TrainingLog::read(run.output, part);
    ASSERT_EQ(curve.size(), 3U) << part;
    EXPECT_GT(curve.back().second, 0.0) << part;
  }
}

TEST_F(TrainerTest, KeepsTheNewestCheckpointsAndIgnoresUnfinishedOnes) {
  TrainConfig run = config("run", 4);
  run.save_every = 1;
  train(run, false);
  const CheckpointFolder checkpoints(run.output);
  EXPECT_EQ(checkpoints.steps(), (std::vector<std::int64_t>{3, 4}));
  fs::create_directories(run.output / "checkpoints" / "step-00000009.part");
  EXPECT_EQ(checkpoints.load_newest()->step, 4);
}

TEST_F(TrainerTest, AModelOfAnotherShapeDoesNotResume) {
  const TrainConfig run = config("run", 3);
  train(run, false);
  model::ModelDescription other = smallest_model();
  other.dit.ffn_dim = 64;
  fs::remove_all(folder_ / "start");
  model::initialise_model_folder(folder_ / "start", other, 3);
  Trainer trainer(run, std::make_shared<WavesSource>(), c10::Device(c10::kCPU), single_process(),
                  {});
  EXPECT_THROW(trainer.resume(), Error);
}

TEST_F(TrainerTest, ABatchThatDoesNotDivideIsRefused) {
  TrainConfig run = config("run", 3);
  run.micro_batch = 3;
  EXPECT_THROW(train(run, false), Error);
}

}  // namespace
}  // namespace oasis::train
