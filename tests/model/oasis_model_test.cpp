#include "oasis/model/oasis_model.h"

#include <gtest/gtest.h>
#include <torch/torch.h>
#include <unistd.h>

#include <fstream>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"

namespace oasis::model {
namespace {

/// A model folder as `oasis-convert init --size tiny` makes it, removed at the end.
class TinyModel : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ =
        std::filesystem::temp_directory_path() / ("oasis_tiny_test_" + std::to_string(::getpid()));
    initialise_model_folder(folder_, tiny_description(), 7);
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder_); }

  static at::Tensor noise(at::IntArrayRef shape) {
    torch::manual_seed(3);
    return torch::rand(shape) * 2 - 1;
  }

  static inline std::filesystem::path folder_;
};

TEST_F(TinyModel, UntrainedIsBicubic) {
  const auto model = OasisModel::load(folder_, {});
  for (const auto& shape : {std::vector<std::int64_t>{1, 3, 1, 16, 20}, {2, 3, 9, 24, 16}}) {
    const at::Tensor lq = noise(shape);
    const at::Tensor out = model->upscale(lq);
    ASSERT_EQ(out.sizes(), at::IntArrayRef({shape[0], 3, shape[2], 4 * shape[3], 4 * shape[4]}));
    EXPECT_LE((out - bicubic_x4(lq)).abs().max().item<double>(), 1e-5);
  }
}

TEST_F(TinyModel, HeadWeightsChangeTheOutput) {
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

TEST_F(TinyModel, TheDescriptionSurvivesARoundTrip) {
  const ModelDescription about = read_model_description(folder_);
  EXPECT_EQ(about.dit, tiny_description().dit);
  EXPECT_EQ(about.taehv.widths, tiny_description().taehv.widths);
  EXPECT_FALSE(about.trained);
  EXPECT_EQ(about.files.size(), 3U);
  EXPECT_EQ(about.files.at("dit.safetensors"), file_hash(folder_ / "dit.safetensors"));
  EXPECT_NE(OasisModel::load(folder_, {})->description().find("untrained"), std::string::npos);
}

TEST_F(TinyModel, RefusesWhatDoesNotFit) {
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

TEST(StackFrames, FollowsTheProjectorsOrder) {
  const at::Tensor lq = torch::arange(5).view({1, 1, 5, 1, 1}).expand({1, 3, 5, 1, 1}) +
                        100 * torch::arange(3).view({1, 3, 1, 1, 1});
  const at::Tensor stacked = stack_frames(lq);
  ASSERT_EQ(stacked.sizes(), at::IntArrayRef({1, 12, 2, 1, 1}));
  for (std::int64_t c = 0; c < 3; ++c) {
    for (std::int64_t dt = 0; dt < 4; ++dt) {
      EXPECT_EQ(stacked[0][c * 4 + dt][0].item<std::int64_t>(), 100 * c);
      EXPECT_EQ(stacked[0][c * 4 + dt][1].item<std::int64_t>(), 100 * c + 1 + dt);
    }
  }
}

}  // namespace
}  // namespace oasis::model
