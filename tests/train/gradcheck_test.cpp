// The gradients of a whole training step, in double, against central differences.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "oasis/nn/head_map.h"
#include "oasis/train/trainable_model.h"
#include "oasis/train/training_loss.h"
#include "tiny_training.h"

namespace oasis::train {
namespace {

constexpr double kStep = 1e-6;

/// The same smooth motion for every clip.
class FixedFlow : public flow::FlowEstimator {
 public:
  flow::ClipFlows estimate(const at::Tensor& clip) override {
    const std::int64_t pairs = clip.size(0) - 1;
    const at::Tensor x = at::linspace(0, 3, clip.size(3)).view({1, 1, 1, -1});
    const at::Tensor y = at::linspace(0, 2, clip.size(2)).view({1, 1, -1, 1});
    const at::Tensor field = at::cat({1.3 + at::sin(x + y), 0.7 * at::cos(x - y)}, 1);
    const at::Tensor all = field.expand({pairs, 2, clip.size(2), clip.size(3)}).contiguous();
    return {all, -all};
  }
  std::string description() const override { return "fixed"; }
};

LossConfig terms(PixelLoss pixel, losses::OcclusionMask occlusion) {
  LossConfig config;
  config.latent = 0.3;
  config.pixel = pixel;
  config.gradient = 0.5;
  config.warp = 0.2;
  config.warp_options.occlusion = occlusion;
  return config;
}

/// A view of the element with this number in C order, whatever the tensor's layout.
at::Tensor element_of(const at::Tensor& tensor, std::int64_t number) {
  at::Tensor view = tensor.detach();
  while (view.dim() > 0) {
    const std::int64_t below = view.numel() / view.size(0);
    view = view.select(0, number / below);
    number %= below;
  }
  return view;
}

/// A model with one head of each kind and random values in its last layers, its input and targets.
class WholeChain : public ::testing::Test {
 protected:
  void SetUp() override {
    model::ModelDescription about = testing::smallest_model();
    about.dit.dim = 48;
    about.dit.num_heads = 3;
    about.head_map = nn::all_global(1, 3);
    about.head_map->layers[0] = {nn::HeadKind::global, nn::HeadKind::intra, nn::HeadKind::window};
    about.head_map->window = {3, 3, 3};
    model::initialise_model_folder(scratch_ / "start", about, 3);
    testing::wake_last_layer(scratch_ / "start", "dit.safetensors", "head.");
    testing::wake_last_layer(scratch_ / "start", "decoder.safetensors", "head.");
    model_ = std::make_unique<TrainableModel>(scratch_ / "start", TrainedParts::all, false,
                                              c10::Device(c10::kCPU), at::kDouble);
    model_->use_head_map("start");
    for (const auto pixel : {PixelLoss::charbonnier, PixelLoss::mse, PixelLoss::psnr}) {
      const bool first = losses_.empty();
      losses_.push_back(std::make_unique<TrainingLoss>(
          terms(pixel,
                first ? losses::OcclusionMask::none : losses::OcclusionMask::forward_backward),
          std::make_unique<FixedFlow>(), nullptr));
    }
    const auto sample = testing::WavesSource().sample(1);
    lq_ = sample.lq.unsqueeze(0).to(at::kDouble);
    hq_ = sample.hq.unsqueeze(0).to(at::kDouble);
    torch::manual_seed(4);
    z_ = at::randn({1, 16, 2, 8, 8}, at::kDouble);
  }

  at::Tensor loss() const {
    const auto output = model_->forward(lq_);
    at::Tensor sum = at::zeros({}, at::kDouble);
    for (const auto& each : losses_) sum = sum + each->forward(output, hq_, z_).first;
    return sum;
  }

  double value() const {
    const torch::NoGradGuard no_grad;
    return loss().item<double>();
  }

  void differentiate() const {
    for (const auto& [name, tensor] : model_->trained()) tensor.mutable_grad() = at::Tensor();
    loss().backward();
  }

  const at::Tensor& parameter(const std::string& name) const {
    for (const auto& item : model_->trained()) {
      if (item.first == name) return item.second;
    }
    throw std::runtime_error("no parameter " + name);
  }

  testing::Scratch scratch_;
  std::unique_ptr<TrainableModel> model_;
  std::vector<std::unique_ptr<TrainingLoss>> losses_;
  at::Tensor lq_, hq_, z_;
};

TEST_F(WholeChain, SingleParametersOfEveryPart) {
  differentiate();
  for (const char* name :
       {"projector.proj.weight", "projector.proj.bias", "dit.patch_embedding.weight",
        "dit.time_projection.1.weight", "dit.blocks.0.modulation",
        "dit.blocks.0.self_attn.q.weight", "dit.blocks.0.self_attn.k.weight",
        "dit.blocks.0.self_attn.v.weight", "dit.blocks.0.self_attn.o.bias",
        "dit.blocks.0.self_attn.norm_q.weight", "dit.blocks.0.cross_attn.v.bias",
        "dit.blocks.0.ffn.0.weight", "dit.head.head.weight", "dit.head.modulation",
        "decoder.decoder.1.weight", "decoder.decoder.3.conv.0.weight", "decoder.decoder.8.weight",
        "decoder.decoder.13.conv.weight", "decoder.head.weight"}) {
    const at::Tensor& whole = parameter(name);
    ASSERT_TRUE(whole.grad().defined()) << name;
    const at::Tensor gradient = whole.grad().reshape({-1});
    const std::int64_t place = gradient.abs().argmax().item<std::int64_t>();
    const double expected = gradient[place].item<double>();
    EXPECT_GT(std::abs(expected), 1e-7) << name << " has no influence";
    at::Tensor element = element_of(whole, place);
    element.add_(kStep);
    const double above = value();
    element.sub_(2 * kStep);
    const double beneath = value();
    element.add_(kStep);
    const double measured = (above - beneath) / (2 * kStep);
    EXPECT_NEAR(measured, expected, 2e-5 * std::abs(expected) + 1e-8) << name;
  }
}

TEST_F(WholeChain, ARandomDirectionThroughAllParametersOfEachPart) {
  differentiate();
  for (const char* part : {"projector.", "dit.", "decoder."}) {
    torch::manual_seed(9);
    double expected = 0;
    std::vector<std::pair<at::Tensor, at::Tensor>> moves;
    for (const auto& [name, tensor] : model_->trained()) {
      if (!name.starts_with(part)) continue;
      const at::Tensor direction = at::randn(tensor.sizes(), at::kDouble);
      if (tensor.grad().defined()) expected += (tensor.grad() * direction).sum().item<double>();
      moves.emplace_back(tensor.detach(), direction);
    }
    const auto move = [&](double step) {
      for (auto& [tensor, direction] : moves) tensor.add_(direction, step);
    };
    constexpr double step = 1e-7;
    move(step);
    const double above = value();
    move(-2 * step);
    const double below = value();
    move(step);
    EXPECT_NEAR((above - below) / (2 * step), expected, 1e-4 * std::abs(expected)) << part;
  }
}

TEST_F(WholeChain, RecomputationChangesNoGradient) {
  differentiate();
  std::vector<at::Tensor> kept;
  for (const auto& item : model_->trained()) kept.push_back(item.second.grad());
  model_->set_recompute(true, true);
  differentiate();
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto& [name, tensor] = model_->trained()[i];
    ASSERT_EQ(kept[i].defined(), tensor.grad().defined()) << name;
    if (!kept[i].defined()) continue;
    EXPECT_TRUE(at::allclose(kept[i], tensor.grad(), 1e-10, 1e-14)) << name;
  }
}

}  // namespace
}  // namespace oasis::train
