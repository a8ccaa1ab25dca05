#include "oasis/train/lora.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/train/trainable_model.h"
#include "oasis/train/trainer.h"
#include "tiny_training.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;

const c10::Device kCpu(c10::kCPU);

at::Tensor clip() { return testing::WavesSource().sample(3).lq.unsqueeze(0); }

/// A transformer with random values everywhere, frozen, and a latent for it.
struct FrozenDit {
  FrozenDit() : config(testing::smallest_model().dit) {
    config.layers = 2;
    dit = std::make_shared<model::WanDit>(config, at::TensorOptions().dtype(at::kFloat));
    dit->reset_parameters(1);
    torch::manual_seed(2);
    for (const auto& parameter : dit->parameters()) {
      parameter.set_requires_grad(false);
      if (parameter.abs().max().item<double>() == 0) parameter.normal_(0, 0.1);
    }
    latent = at::randn({1, 16, 2, 4, 4});
    prompt = at::zeros({0, config.text_dim});
  }
  at::Tensor velocity() const { return dit->forward(latent, 799, prompt); }

  model::WanDitConfig config;
  std::shared_ptr<model::WanDit> dit;
  at::Tensor latent;
  at::Tensor prompt;
};

void randomise(const AdamW::Parameters& factors) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(5);
  for (const auto& item : factors) at::Tensor(item.second).normal_(0, 0.2);
}

std::vector<at::Tensor> gradients(const FrozenDit& frozen, Lora& lora, bool recompute) {
  for (const auto& [name, tensor] : lora.factors()) tensor.mutable_grad() = at::Tensor();
  frozen.dit->set_recompute(recompute);
  lora.apply();
  frozen.velocity().square().mean().backward();
  std::vector<at::Tensor> all;
  for (const auto& [name, tensor] : lora.factors()) all.push_back(tensor.grad());
  return all;
}

TEST(Lora, ChangesNothingAtFirst) {
  const torch::NoGradGuard no_grad;  // with gradients, other kernels run
  const FrozenDit frozen;
  const at::Tensor before = frozen.velocity();
  Lora lora(*frozen.dit, {.rank = 4, .alpha = 8, .targets = {}}, 1);
  EXPECT_EQ(lora.factors().size(), 2U * 2 * 10);
  lora.apply();
  EXPECT_TRUE(at::equal(before, frozen.velocity()));
  randomise(lora.factors());
  lora.apply();
  EXPECT_FALSE(at::allclose(before, frozen.velocity(), 1e-2, 1e-2));
  lora.remove();
  EXPECT_TRUE(at::equal(before, frozen.velocity()));
}

TEST(Lora, GradientsReachTheFactorsAlone) {
  const FrozenDit frozen;
  const auto weights = frozen.dit->parameters();
  Lora lora(*frozen.dit, {.rank = 2, .alpha = 2, .targets = {}}, 1);
  randomise(lora.factors());
  const auto found = gradients(frozen, lora, false);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string& name = lora.factors()[i].first;
    // Without a prompt cross-attention has one key: queries and keys have no influence.
    const bool idle = name.find("cross_attn.q") != std::string::npos ||
                      name.find("cross_attn.k") != std::string::npos;
    ASSERT_EQ(found[i].defined(), !idle) << name;
    if (!idle) {
      EXPECT_GT(found[i].abs().max().item<double>(), 0) << name;
    }
  }
  for (const auto& weight : weights) {
    EXPECT_FALSE(weight.requires_grad());
    EXPECT_FALSE(weight.grad().defined());
  }
}

TEST(Lora, RecomputingTheBlocksGivesTheSameGradients) {
  const FrozenDit frozen;
  Lora lora(*frozen.dit, {.rank = 2, .alpha = 2, .targets = {}}, 1);
  randomise(lora.factors());
  const auto kept = gradients(frozen, lora, false);
  const auto again = gradients(frozen, lora, true);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    ASSERT_EQ(again[i].defined(), kept[i].defined()) << lora.factors()[i].first;
    if (!kept[i].defined()) continue;
    EXPECT_TRUE(at::allclose(kept[i], again[i], 1e-6, 1e-9)) << lora.factors()[i].first;
  }
}

TEST(Lora, GradientsAreThoseOfDifferences) {
  const FrozenDit frozen;
  frozen.dit->to(at::kDouble);
  frozen.dit->set_compute_dtype(at::kDouble);
  Lora lora(*frozen.dit, {.rank = 2, .alpha = 3, .targets = {"self_attn.v", "ffn.0"}}, 1);
  randomise(lora.factors());
  const auto found = gradients(frozen, lora, true);
  const auto value = [&] {
    lora.apply();
    return frozen.velocity().square().mean().item<double>();
  };
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < found.size(); ++i) {
    at::Tensor element = lora.factors()[i].second.flatten()[3];
    const double step = 1e-5;
    element.add_(step);
    const double above = value();
    element.sub_(2 * step);
    const double below = value();
    element.add_(step);
    const double expected = found[i].flatten()[3].item<double>();
    EXPECT_NEAR((above - below) / (2 * step), expected, 1e-6 * std::abs(expected) + 1e-10)
        << lora.factors()[i].first;
  }
}

TEST(Lora, RefusesARankLargerThanALayer) {
  const FrozenDit frozen;
  EXPECT_THROW(Lora(*frozen.dit, {.rank = 33, .alpha = 1, .targets = {}}, 1), Error);
  EXPECT_THROW(Lora(*frozen.dit, {.rank = 4, .alpha = 1, .targets = {"ffn.1"}}, 1), Error);
}

class LoraModel : public ::testing::Test {
 protected:
  void SetUp() override {
    model::initialise_model_folder(scratch_ / "start", testing::smallest_model(), 3);
    testing::wake_last_layer(scratch_ / "start", "dit.safetensors", "head.");
    testing::wake_last_layer(scratch_ / "start", "decoder.safetensors", "head.");
  }
  std::unique_ptr<TrainableModel> load(const std::string& name, c10::ScalarType precision) const {
    return std::make_unique<TrainableModel>(scratch_ / name, TrainedParts::dit, false, kCpu,
                                            precision);
  }

  testing::Scratch scratch_;
};

TEST_F(LoraModel, BeginsAsTheStartFolder) {
  for (const auto precision : {at::kFloat, at::kBFloat16}) {
    const auto plain = load("start", precision);
    const auto adapted = load("start", precision);
    adapted->add_lora({.rank = 4, .alpha = 4, .targets = {}}, 7);
    EXPECT_TRUE(at::equal(plain->forward(clip()).video, adapted->forward(clip()).video));
    for (const auto& [name, tensor] : adapted->trained()) {
      EXPECT_TRUE(name.starts_with("projector.") || name.starts_with("lora.")) << name;
      if (!name.starts_with("lora.")) continue;
      EXPECT_EQ(tensor.scalar_type(), at::kFloat) << name;
    }
    EXPECT_EQ(plain->trained_count() + plain->frozen_count() + 2 * (10 * 4 * 32),
              adapted->trained_count() + adapted->frozen_count());
  }
}

TEST_F(LoraModel, TheSavedFolderIsTheAdaptedModel) {
  for (const auto precision : {at::kFloat, at::kBFloat16}) {
    const auto adapted = load("start", precision);
    adapted->add_lora({.rank = 4, .alpha = 8, .targets = {"self_attn.q", "ffn.2"}}, 7);
    AdamW::Parameters factors;
    for (const auto& item : adapted->trained()) {
      if (item.first.starts_with("lora.")) factors.push_back(item);
    }
    randomise(factors);
    checkpoint::StateDict master;
    for (const auto& [name, tensor] : adapted->trained()) master.emplace(name, tensor.detach());
    adapted->save(scratch_ / "end", master, master, "test");
    const auto merged = load("end", precision);
    const at::Tensor lq = clip();
    EXPECT_TRUE(at::equal(adapted->forward(lq).video, merged->forward(lq).video));

    const auto lora = model::read_lora(scratch_ / "end/dit_lora.safetensors");
    EXPECT_EQ(lora.rank, 4);
    EXPECT_EQ(lora.alpha, 8);
    EXPECT_EQ(lora.factors.size(), 4U);
    EXPECT_EQ(lora.base,
              model::read_model_description(scratch_ / "start").files.at("dit.safetensors"));
    EXPECT_TRUE(fs::exists(scratch_ / "end/dit_lora_ema.safetensors"));
    const auto model = model::OasisModel::load(scratch_ / "end", {});
    EXPECT_TRUE(at::allclose(model->upscale(clip()), adapted->forward(clip()).video.to(at::kFloat),
                             precision == at::kFloat ? 1e-4 : 0.1,
                             precision == at::kFloat ? 1e-4 : 0.1));
    fs::remove_all(scratch_ / "end");
  }
}

TEST_F(LoraModel, TrainsSavesAndResumes) {
  const auto train = [&](const std::string& output, std::int64_t steps, bool resume) {
    TrainConfig config;
    config.output = scratch_ / output;
    config.start = scratch_ / "start";
    config.head_map = "all_global";
    config.steps = steps;
    config.save_every = 100;
    config.global_batch = 2;
    config.data.threads = 1;
    config.loss.latent = 0;
    config.loss.warp = 0;
    config.optimizer.rate.base = 1e-2;
    config.optimizer.ema_decay = 0.5;
    config.lora = LoraOptions{.rank = 4, .alpha = 4, .targets = {}};
    Trainer trainer(config, std::make_shared<testing::WavesSource>(), kCpu, single_process(), {});
    EXPECT_EQ(resume && trainer.resume(), resume);
    trainer.run();
    return TrainingLog::read(config.output, "loss");
  };
  const auto curve = train("straight", 8, false);
  EXPECT_LT(curve.back().second, curve.front().second);
  train("broken", 5, false);
  train("broken", 8, true);
  for (const char* file : {"dit", "dit_ema", "dit_lora", "dit_lora_ema", "projector"}) {
    const std::string name = std::string("model/") + file + ".safetensors";
    const auto straight = checkpoint::load_safetensors(scratch_ / ("straight/" + name));
    const auto broken = checkpoint::load_safetensors(scratch_ / ("broken/" + name));
    for (const auto& [key, tensor] : straight) {
      EXPECT_TRUE(at::equal(tensor, broken.at(key))) << file << " " << key;
    }
  }
  // What the folder's adapter says is what its transformer is.
  const auto base = checkpoint::load_safetensors(scratch_ / "start/dit.safetensors");
  const auto merged =
      model::merge_lora(base, model::read_lora(scratch_ / "straight/model/dit_lora.safetensors"));
  const auto result = checkpoint::load_safetensors(scratch_ / "straight/model/dit.safetensors");
  for (const auto& [key, tensor] : result) EXPECT_TRUE(at::equal(tensor, merged.at(key))) << key;
  EXPECT_FALSE(at::equal(result.at("blocks.0.ffn.0.weight"), base.at("blocks.0.ffn.0.weight")));
  EXPECT_TRUE(at::equal(result.at("blocks.0.ffn.0.bias"), base.at("blocks.0.ffn.0.bias")));
}

}  // namespace
}  // namespace oasis::train
