#include "oasis/train/distiller.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/core/error.h"
#include "oasis/train/trainer.h"
#include "tiny_training.h"

namespace oasis::train {
namespace {

const c10::Device kCpu(c10::kCPU);

class Distilling : public ::testing::Test {
 protected:
  void SetUp() override {
    model::initialise_model_folder(scratch_ / "teacher", testing::smallest_with_vae(), 3);
    model::initialise_model_folder(scratch_ / "student", testing::smallest_model(), 4);
  }

  TrainConfig config(double share) const {
    TrainConfig config;
    config.output = scratch_ / "run";
    config.start = scratch_ / "student";
    config.head_map = "all_global";
    config.parts = TrainedParts::decoder;
    config.steps = 20;
    config.global_batch = 1;
    config.data.threads = 1;
    config.loss.latent = 0;
    config.loss.warp = 0;
    config.loss.pixel = PixelLoss::charbonnier;
    config.loss.gradient = 0.2;
    config.optimizer.rate.base = 5e-3;
    config.optimizer.ema_decay.reset();
    config.distil = DistilConfig{scratch_ / "teacher", share};
    return config;
  }

  /// Of the decoder of `folder` on a clip that is not trained on.
  static double loss_of(const std::filesystem::path& folder, const TrainConfig& run) {
    const torch::NoGradGuard no_grad;
    TrainableModel model(folder, TrainedParts::decoder, false, kCpu, at::kFloat);
    const Distiller distiller(*run.distil, model.about(), kCpu, at::kFloat);
    const auto sample = testing::WavesSource().sample(1000);
    return distiller
        .loss(model, TrainingLoss(run.loss, kCpu, at::kFloat), sample.lq.unsqueeze(0),
              sample.hq.unsqueeze(0))
        .first.item<double>();
  }

  testing::Scratch scratch_;
};

TEST_F(Distilling, TeachesTheTeachersLatentsAndFrames) {
  const model::ModelDescription about = testing::smallest_with_vae();
  const Distiller distiller({scratch_ / "teacher", 0.5}, testing::smallest_model(), kCpu,
                            at::kFloat);
  const at::Tensor hq = testing::WavesSource().sample(2).hq.unsqueeze(0);
  const auto [latent, frames] = distiller.teach(hq);
  const model::WanVaeEncoder encoder(about.vae, at::TensorOptions().dtype(at::kFloat));
  checkpoint::load_strictly(
      encoder.parameters(),
      checkpoint::load_safetensors(scratch_ / "teacher/vae_encoder.safetensors"), "");
  EXPECT_TRUE(at::allclose(latent, encoder.encode(hq), 1e-4, 1e-5));
  const model::WanVaeDecoder decoder(about.vae, at::TensorOptions().dtype(at::kFloat));
  checkpoint::load_strictly(decoder.parameters(),
                            checkpoint::load_safetensors(scratch_ / "teacher/decoder.safetensors"),
                            "");
  EXPECT_TRUE(at::allclose(frames, decoder.decode(latent).clamp(-1, 1), 1e-4, 1e-4));
  EXPECT_FALSE(latent.requires_grad());
}

TEST_F(Distilling, TheShareWeighsTeacherAgainstGroundTruth) {
  TrainableModel student(scratch_ / "student", TrainedParts::decoder, false, kCpu, at::kFloat);
  const TrainingLoss terms(config(0).loss, kCpu, at::kFloat);
  const auto sample = testing::WavesSource().sample(2);
  const at::Tensor lq = sample.lq.unsqueeze(0);
  const at::Tensor hq = sample.hq.unsqueeze(0);
  const auto value = [&](double share, std::size_t parts) {
    const Distiller distiller({scratch_ / "teacher", share}, student.about(), kCpu, at::kFloat);
    const auto [total, each] = distiller.loss(student, terms, lq, hq);
    EXPECT_EQ(each.size(), parts);
    EXPECT_TRUE(total.requires_grad());
    return total.item<double>();
  };
  const double truth = value(0, 2);
  const double teacher = value(1, 2);
  EXPECT_GT(std::abs(truth - teacher), 1e-3);
  EXPECT_NEAR(value(0.25, 4), 0.75 * truth + 0.25 * teacher, 1e-5);
}

TEST_F(Distilling, TheLossFallsAndOnlyTheDecoderChanges) {
  for (const double share : {0.0, 1.0}) {
    const TrainConfig run = config(share);
    Trainer trainer(run, std::make_shared<testing::WavesSource>(), kCpu, single_process(), {});
    trainer.run();
    // A random teacher's frames are mostly noise to so small a student: the bound is modest.
    EXPECT_LT(loss_of(run.output / "model", run), 0.95 * loss_of(run.start, run)) << share;
    for (const char* part : {"projector", "dit", "decoder"}) {
      const std::string file = std::string(part) + ".safetensors";
      const auto before = checkpoint::load_safetensors(scratch_ / ("student/" + file));
      const auto after = checkpoint::load_safetensors(run.output / "model" / file);
      bool same = before.size() == after.size();
      for (const auto& [name, tensor] : before) same = same && at::equal(tensor, after.at(name));
      EXPECT_EQ(same, std::string(part) != "decoder") << part;
    }
    EXPECT_NO_THROW(model::OasisModel::load(run.output / "model", {}));
    std::filesystem::remove_all(run.output);
  }
}

TEST_F(Distilling, RefusesATeacherOfOtherLatentsOrWithoutAWanDecoder) {
  model::ModelDescription other = testing::smallest_model();
  other.vae = model::WanVaeConfig::wan21();
  EXPECT_THROW(Distiller({scratch_ / "teacher", 0.5}, other, kCpu, at::kFloat), Error);
  // A folder of a light decoder that also has an encoder, as conversion with --taehv makes it.
  model::ModelDescription light = testing::smallest_model();
  light.vae.dim = 4;
  model::initialise_model_folder(scratch_ / "light", light, 3);
  EXPECT_THROW(Distiller({scratch_ / "light", 0.5}, light, kCpu, at::kFloat), Error);
}

}  // namespace
}  // namespace oasis::train
