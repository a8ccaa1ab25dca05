#include "oasis/model/oasis_model.h"

#include <gtest/gtest.h>
#include <torch/torch.h>
#include <unistd.h>

#include <fstream>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"

namespace oasis::model {
namespace {

/// A model folder as `oasis-convert init --size nano` makes it, removed at the end.
class NanoModel : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ =
        std::filesystem::temp_directory_path() / ("oasis_nano_test_" + std::to_string(::getpid()));
    initialise_model_folder(folder_, nano_description(), 7);
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder_); }

  static at::Tensor noise(at::IntArrayRef shape) {
    torch::manual_seed(3);
    return torch::rand(shape) * 2 - 1;
  }

  static inline std::filesystem::path folder_;
};

TEST_F(NanoModel, UntrainedIsBicubic) {
  const auto model = OasisModel::load(folder_, {});
  for (const auto& shape : {std::vector<std::int64_t>{1, 3, 1, 16, 20}, {2, 3, 9, 24, 16}}) {
    const at::Tensor lq = noise(shape);
    const at::Tensor out = model->upscale(lq);
    ASSERT_EQ(out.sizes(), at::IntArrayRef({shape[0], 3, shape[2], 4 * shape[3], 4 * shape[4]}));
    EXPECT_LE((out - bicubic_x4(lq)).abs().max().item<double>(), 1e-5);
  }
}

TEST_F(NanoModel, HeadWeightsChangeTheOutput) {
  const auto copy = folder_.string() + "_copy";
  std::filesystem::copy(folder_, copy);
  checkpoint::StateDict weights = checkpoint::load_safetensors(folder_ / "decoder.safetensors");
  weights["head.weight"] = at::full_like(weights["head.weight"], 0.1);
  checkpoint::write_safetensors(std::filesystem::path(copy) / "decoder.safetensors", weights);
  write_model_description(copy, read_model_description(copy));
  const at::Tensor lq = noise({1, 3, 5, 16, 16});
  const at::Tensor changed = OasisModel::load(copy, {})->upscale(lq);
  std::filesystem::remove_all(copy);
  EXPECT_GT((changed - bicubic_x4(lq)).abs().max().item<double>(), 1e-3);
}

TEST_F(NanoModel, TheDescriptionSurvivesARoundTrip) {
  const ModelDescription about = read_model_description(folder_);
  EXPECT_EQ(about.dit, nano_description().dit);
  EXPECT_EQ(about.taehv.widths, nano_description().taehv.widths);
  EXPECT_FALSE(about.trained);
  EXPECT_EQ(about.files.size(), 3U);
  EXPECT_EQ(about.files.at("dit.safetensors"), file_hash(folder_ / "dit.safetensors"));
  EXPECT_NE(OasisModel::load(folder_, {})->description().find("untrained"), std::string::npos);
}

TEST_F(NanoModel, RefusesWhatDoesNotFit) {
  const auto model = OasisModel::load(folder_, {});
  EXPECT_THROW(model->upscale(noise({1, 3, 4, 16, 16})), Error);
  EXPECT_THROW(model->upscale(noise({1, 3, 5, 18, 16})), Error);
  EXPECT_THROW(OasisModel::load(folder_ / "absent", {}), Error);
  const auto broken = folder_.string() + "_broken";
  std::filesystem::copy(folder_, broken);
  std::ofstream(std::filesystem::path(broken) / "model.yaml", std::ios::app) << "decodr: 1\n";
  EXPECT_THROW(OasisModel::load(broken, {}), Error);
  std::filesystem::remove_all(broken);
}

TEST(ModelSizes, TheShippedShapeSurvivesARoundTripAndBeginsAsBicubic) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("oasis_sizes_test_" + std::to_string(::getpid()));
  const ModelDescription expected = description_of_size("tiny");
  initialise_model_folder(folder, expected, 7);
  const ModelDescription about = read_model_description(folder);
  EXPECT_EQ(about.dit, expected.dit);
  EXPECT_EQ(about.decoder, expected.decoder);
  EXPECT_EQ(about.taehv.widths, expected.taehv.widths);
  EXPECT_EQ(about.taehv.blocks, expected.taehv.blocks);
  EXPECT_EQ(about.taehv.space_upscale, expected.taehv.space_upscale);
  EXPECT_EQ(about.taehv.head_upscale, expected.taehv.head_upscale);
  EXPECT_EQ(about.taehv.condition_channels, expected.taehv.condition_channels);
  EXPECT_EQ(about.taehv.condition_frames, expected.taehv.condition_frames);
  EXPECT_EQ(about.taehv.named_head, expected.taehv.named_head);
  EXPECT_EQ(about.taehv.condition_neighbours, expected.taehv.condition_neighbours);
  EXPECT_EQ(about.taehv.negative_slope, expected.taehv.negative_slope);
  EXPECT_FALSE(about.head_map.has_value());
  torch::manual_seed(3);
  const at::Tensor lq = torch::rand({1, 3, 5, 16, 16}) * 2 - 1;
  const at::Tensor out = OasisModel::load(folder, {})->upscale(lq);
  EXPECT_LE((out - bicubic_x4(lq)).abs().max().item<double>(), 1e-5);
  std::filesystem::remove_all(folder);
}

TEST(ModelSizes, EachNameHasADescription) {
  for (const std::string& name : model_sizes()) {
    EXPECT_EQ(description_of_size(name).name, "oasis-" + name);
  }
  EXPECT_THROW(description_of_size("huge"), Error);
}

TEST(StackFrames, FollowsTheProjectorsOrder) {
  const at::Tensor lq = torch::arange(5).view({1, 1, 5, 1, 1}).expand({1, 3, 5, 1, 1}) +
                        100 * torch::arange(3).view({1, 3, 1, 1, 1});
  const at::Tensor stacked = stack_frames(lq);
  ASSERT_EQ(stacked.sizes(), at::IntArrayRef({1, 12, 2, 1, 1}));
  for (std::int64_t c = 0; c < 3; ++c) {
    for (std::int64_t dt = 0; dt < 4; ++dt) {
      EXPECT_EQ(stacked[0][c * 4 + dt][0].item<std::int64_t>(), 100 * c + 3 - dt);
      EXPECT_EQ(stacked[0][c * 4 + dt][1].item<std::int64_t>(), 100 * c + 1 + dt);
    }
  }
}

TEST(StackFrames, RepeatsAFrameThatIsAlone) {
  const at::Tensor lq = torch::rand({1, 3, 1, 2, 2});
  const at::Tensor stacked = stack_frames(lq);
  ASSERT_EQ(stacked.sizes(), at::IntArrayRef({1, 12, 1, 2, 2}));
  for (std::int64_t i = 0; i < 12; ++i) EXPECT_TRUE(stacked[0][i].equal(lq[0][i / 4])) << i;
}

}  // namespace
}  // namespace oasis::model
