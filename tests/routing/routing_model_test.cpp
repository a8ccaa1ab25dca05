#include "oasis/routing/routing_model.h"

#include <gtest/gtest.h>
#include <torch/torch.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/model/oasis_model.h"
#include "oasis/model/wan_dit.h"

namespace oasis::routing {
namespace {

namespace fs = std::filesystem;

class RoutingModelTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("oasis_routing_model_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    auto about = model::nano_description();
    about.dit.layers = 3;
    about.dit.num_heads = 2;
    about.head_map.reset();
    model::initialise_model_folder(folder_, about, 7);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static at::Tensor clip() {
    auto generator = at::detail::createCPUGenerator(3);
    return at::rand({1, 3, 5, 16, 24}, generator, at::kFloat) * 2 - 1;
  }

  std::string refusal_on_base() const {
    try {
      RoutingModel::load(folder_, {.on_base = true});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      return error.what();
    }
    return "accepted";
  }

  fs::path folder_;
};

TEST_F(RoutingModelTest, ScoresEveryHeadOfEveryLayer) {
  const auto model = RoutingModel::load(folder_, {});
  const auto scores = model->score(clip());
  EXPECT_EQ(scores.layers(), 3);
  EXPECT_EQ(scores.heads(), 2);
  for (std::int64_t layer = 0; layer < 3; ++layer) {
    for (std::int64_t head = 0; head < 2; ++head) {
      EXPECT_GT(scores.at(layer, head, Score::leaked_mass, Pattern::intra), 0);
      EXPECT_LT(scores.at(layer, head, Score::leaked_mass, Pattern::intra), 1);
    }
  }
  EXPECT_EQ(scores.values(), model->score(clip()).values());
}

TEST_F(RoutingModelTest, SeesAllHeadsGlobalWhateverTheFoldersMap) {
  const auto before = RoutingModel::load(folder_, {})->score(clip()).values();
  auto map = nn::all_global(3, 2);
  for (auto& row : map.layers) row.assign(2, nn::HeadKind::window);
  nn::write_head_map(folder_ / "head_map.yaml", map);
  EXPECT_EQ(RoutingModel::load(folder_, {})->score(clip()).values(), before);
}

TEST_F(RoutingModelTest, RefusesARandomProjectorOnBase) {
  EXPECT_NE(refusal_on_base().find("neither initialised nor trained"), std::string::npos);
}

TEST_F(RoutingModelTest, TakesAnInitialisedProjectorOnBase) {
  const auto path = folder_ / "projector.safetensors";
  auto tensors = checkpoint::load_safetensors(path);
  for (auto& [name, tensor] : tensors) tensor = tensor.clone();
  checkpoint::write_safetensors(path, tensors, {{"origin", "ridge"}});
  model::write_model_description(folder_, model::read_model_description(folder_));
  EXPECT_EQ(latent_source(folder_, true), LatentSource::projector);
  EXPECT_NO_THROW(RoutingModel::load(folder_, {.on_base = true}));
}

/// The routed and the unrouted transformer, through the model that users run.
TEST_F(RoutingModelTest, AMapOfGlobalHeadsChangesNothing) {
  // The head's weight is zero in a new model: give it one, so that attention reaches the output.
  const auto path = folder_ / "dit.safetensors";
  auto tensors = checkpoint::load_safetensors(path);
  for (auto& [name, tensor] : tensors) tensor = tensor.clone();
  tensors.at("head.head.weight").fill_(0.01).select(0, 0).fill_(-0.02);
  checkpoint::write_safetensors(path, tensors);
  const auto restored = [&](bool with_map, nn::HeadKind kind) {
    auto about = model::read_model_description(folder_);
    about.head_map.reset();
    fs::remove(folder_ / "head_map.yaml");
    if (with_map) {
      about.head_map = nn::all_global(3, 2);
      for (auto& row : about.head_map->layers) row.assign(2, kind);
    }
    model::write_model_description(folder_, about);
    const torch::NoGradGuard no_grad;
    const auto model = model::OasisModel::load(folder_, {});
    return model->restore(model->project(clip()));
  };
  const auto unrouted = restored(false, nn::HeadKind::global);
  EXPECT_TRUE(at::equal(unrouted, restored(true, nn::HeadKind::global)));
  EXPECT_FALSE(at::equal(unrouted, restored(true, nn::HeadKind::intra)));
}

TEST(AttentionObserver, SeesEveryLayerAndChangesNothing) {
  auto config = model::nano_description().dit;
  config.layers = 2;
  model::WanDit dit(config);
  {
    const torch::NoGradGuard no_grad;
    dit.reset_parameters(1);
    for (auto& item : dit.named_parameters()) {
      if (item.key() == "head.head.weight") item.value().fill_(0.01);
    }
  }
  const torch::NoGradGuard no_grad;
  auto generator = at::detail::createCPUGenerator(5);
  const auto latent = at::randn({1, config.in_channels, 2, 4, 6}, generator, at::kFloat);
  const auto context = at::zeros({0, config.text_dim});
  const auto plain = dit.forward(latent, 799, context);
  std::vector<std::int64_t> layers;
  dit.set_attention_observer([&](std::int64_t layer, const at::Tensor& q, const at::Tensor& k) {
    layers.push_back(layer);
    EXPECT_EQ(q.sizes(),
              (std::vector<std::int64_t>{1, 12, config.num_heads, config.dim / config.num_heads}));
    EXPECT_EQ(k.sizes(), q.sizes());
  });
  EXPECT_TRUE(at::equal(plain, dit.forward(latent, 799, context)));
  EXPECT_EQ(layers, (std::vector<std::int64_t>{0, 1}));
  dit.set_attention_observer({});
  dit.forward(latent, 799, context);
  EXPECT_EQ(layers.size(), 2U);
}

}  // namespace
}  // namespace oasis::routing
