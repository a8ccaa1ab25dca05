#include "oasis/flow/raft.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/core/error.h"

namespace oasis::flow {
namespace {

RaftConfig narrow_config() {
  RaftConfig config;
  config.feature = {{8, 8, 12, 16, 20}, RaftNorm::instance};
  config.context = {{8, 8, 12, 16, 24}, RaftNorm::batch};
  config.corr_levels = 2;
  config.corr_radius = 2;
  config.motion_corr_layers = {16, 12};
  config.motion_flow_layers = {12, 8};
  config.motion_out = 16;
  config.hidden = 12;
  config.gru_kernels = {{1, 5}, {5, 1}};
  config.flow_head_hidden = 12;
  config.mask_hidden = 12;
  return config;
}

class NarrowRaft : public ::testing::Test {
 protected:
  static std::unique_ptr<Raft> make() {
    torch::manual_seed(3);
    auto raft = std::make_unique<Raft>(narrow_config());
    checkpoint::StateDict weights;
    for (const auto& [name, shape] : shapes(*raft)) {
      at::Tensor value = 0.2 * at::randn(shape);
      if (name.find("running_var") != std::string::npos) value = value.abs() + 1.0;
      weights.emplace(name, value);
    }
    raft->load(weights, "test");
    raft->run_options().iterations = 3;
    return raft;
  }

 private:
  // The loader names what is missing; asking with nothing gives all names and shapes.
  static std::vector<std::pair<std::string, std::vector<std::int64_t>>> shapes(const Raft& raft) {
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> out;
    for (const auto& [name, tensor] : raft.parameters())
      out.emplace_back(name, tensor.sizes().vec());
    return out;
  }
};

TEST_F(NarrowRaft, ClipFlowsAreThoseOfTheSinglePairs) {
  const auto raft = make();
  const at::Tensor clip = at::rand({4, 3, 45, 52}) * 2 - 1;
  raft->run_options().pairs_at_once = 2;
  const ClipFlows flows = raft->estimate(clip);
  ASSERT_EQ(flows.forward.sizes(), (std::vector<std::int64_t>{3, 2, 45, 52}));
  for (std::int64_t t = 0; t < 3; ++t) {
    const at::Tensor here = clip.narrow(0, t, 1);
    const at::Tensor next = clip.narrow(0, t + 1, 1);
    EXPECT_LT((raft->flow(here, next).full[0] - flows.forward[t]).abs().max().item<double>(), 1e-3);
    EXPECT_LT((raft->flow(next, here).full[0] - flows.backward[t]).abs().max().item<double>(),
              1e-3);
  }
}

TEST_F(NarrowRaft, SmallFramesAreRefused) {
  const auto raft = make();
  EXPECT_THROW(raft->encode(at::zeros({1, 3, 24, 64})), Error);
  EXPECT_THROW(raft->encode(at::zeros({1, 3, 44, 64})), Error);
}

TEST_F(NarrowRaft, AMissingTensorIsNamed) {
  Raft raft(narrow_config());
  try {
    raft.load({}, "weights.pth");
    FAIL() << "an empty checkpoint was taken";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("weights.pth"), std::string::npos);
  }
}

TEST(RaftParameters, NumberThoseOfTheReleasedNetworks) {
  const auto count = [](const RaftConfig& config) {
    std::int64_t total = 0;
    const Raft raft(config);
    for (const auto& [name, tensor] : raft.parameters()) {
      if (name.find("running") == std::string::npos) total += tensor.numel();
    }
    return total;
  };
  EXPECT_EQ(count(RaftConfig::large()), 5257536);
  EXPECT_EQ(count(RaftConfig::small()), 990162);
}

TEST(ConvexUpsampling, FlatMaskAveragesWithZerosOutside) {
  const at::Tensor flow = at::stack({at::full({4, 5}, 1.0F), at::full({4, 5}, 2.0F)}).unsqueeze(0);
  const at::Tensor up = upsample_convex(flow, at::zeros({1, 576, 4, 5}));
  ASSERT_EQ(up.sizes(), (std::vector<std::int64_t>{1, 2, 32, 40}));
  EXPECT_NEAR(up[0][0][12][20].item<float>(), 8.0, 1e-5);
  EXPECT_NEAR(up[0][1][12][20].item<float>(), 16.0, 1e-5);
  EXPECT_NEAR(up[0][0][3][3].item<float>(), 8.0 * 4 / 9, 1e-4);
  EXPECT_NEAR(up[0][0][3][20].item<float>(), 8.0 * 6 / 9, 1e-4);
}

TEST(ConvexUpsampling, ChannelOrderIsNeighbourThenRowThenColumn) {
  const at::Tensor flow = at::arange(20, at::kFloat).view({1, 1, 4, 5}).expand({1, 2, 4, 5});
  at::Tensor mask = at::full({1, 9, 8, 8, 4, 5}, -1e4F);
  mask.select(1, 4).fill_(0);  // the pixel itself
  mask.select(1, 4).select(1, 2).select(1, 5).fill_(-1e4F);
  mask.select(1, 3).select(1, 2).select(1, 5).fill_(0);  // at (2, 5) its left neighbour
  const at::Tensor up = upsample_convex(flow, mask.view({1, 576, 4, 5}))[0][0];
  EXPECT_NEAR(up[8 + 2][16 + 5].item<float>(), 8.0 * 6, 1e-3);
  EXPECT_NEAR(up[8 + 2][16 + 4].item<float>(), 8.0 * 7, 1e-3);
}

TEST(FlowPadding, FollowsRaftsPadder) {
  const auto same = [](const FlowPadding& padding, const std::array<std::int64_t, 4>& wanted) {
    return std::array<std::int64_t, 4>{padding.left, padding.right, padding.top, padding.bottom} ==
           wanted;
  };
  EXPECT_TRUE(same(plan_padding(436, 1024, PadMode::sintel), {0, 0, 2, 2}));
  EXPECT_TRUE(same(plan_padding(436, 1024, PadMode::kitti), {0, 0, 0, 4}));
  EXPECT_TRUE(same(plan_padding(375, 1242, PadMode::sintel), {3, 3, 0, 1}));
  const at::Tensor picture = at::rand({1, 3, 13, 21});
  const FlowPadding padding = plan_padding(13, 21, PadMode::sintel);
  EXPECT_TRUE(at::equal(crop_padding(pad_edges(picture, padding), padding), picture));
}

}  // namespace
}  // namespace oasis::flow
