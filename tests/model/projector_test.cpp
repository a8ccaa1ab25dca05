#include "oasis/model/projector.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/core/error.h"

namespace oasis::model {
namespace {

TEST(Projector, GroupsFramesAsTheAutoencoderDoes) {
  const Projector projector(ProjectorMode::native_2x, 16);
  auto video = torch::zeros({1, 3, 9, 4, 8});
  for (int t = 0; t < 9; ++t) video.select(2, t).fill_(t);
  const auto inputs = projector.unshuffle(video)[0].select(1, 0).select(1, 0);  // [3, 48]
  const auto frame_of = [&](int group, int dt) { return inputs[group][dt * 4].item<float>(); };
  for (int dt = 0; dt < 4; ++dt) {
    EXPECT_EQ(frame_of(0, dt), 0.0F);
    EXPECT_EQ(frame_of(1, dt), 1.0F + static_cast<float>(dt));
    EXPECT_EQ(frame_of(2, dt), 5.0F + static_cast<float>(dt));
  }
}

TEST(Projector, ChannelsCountColourThenFrameThenRowThenColumn) {
  const Projector projector(ProjectorMode::native_2x, 16);
  auto video = torch::zeros({1, 3, 5, 4, 8});
  video[0][2][3][3][6] = 1.0;  // colour 2, frame 3 (group 1, dt 2), row 3, column 6
  const auto inputs = projector.unshuffle(video);
  EXPECT_EQ(inputs.sum().item<float>(), 1.0F);
  EXPECT_EQ(inputs[0][1][1][3][((2 * 4 + 2) * 2 + 1) * 2 + 0].item<float>(), 1.0F);
}

TEST(Projector, BothModesGiveTheTransformersLatent) {
  for (const auto mode : {ProjectorMode::native_2x, ProjectorMode::upsampled_8x}) {
    Projector projector(mode, 16);
    projector.reset_parameters(1);
    const auto latent = projector.forward(torch::rand({2, 3, 5, 8, 12}));
    EXPECT_EQ(latent.sizes(), (std::vector<std::int64_t>{2, 16, 2, 4, 6}));
    latent.sum().backward();
    EXPECT_TRUE(projector.named_parameters()["proj.weight"].grad().defined());
    EXPECT_EQ(projector_mode_from(to_string(mode)), mode);
  }
}

TEST(Projector, RefusesOtherShapes) {
  const Projector projector(ProjectorMode::native_2x, 16);
  EXPECT_THROW(projector.forward(torch::zeros({1, 3, 4, 8, 8})), Error);
  EXPECT_THROW(projector.forward(torch::zeros({1, 3, 5, 6, 8})), Error);
  EXPECT_THROW(projector.forward(torch::zeros({1, 4, 5, 8, 8})), Error);
  EXPECT_THROW(projector.forward(torch::zeros({3, 5, 8, 8})), Error);
  EXPECT_THROW(projector_mode_from("native"), Error);
}

}  // namespace
}  // namespace oasis::model
