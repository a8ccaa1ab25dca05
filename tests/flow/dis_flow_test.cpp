#ifdef OASIS_WITH_MEDIA

#include "oasis/flow/dis_flow.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/core/error.h"

namespace oasis::flow {
namespace {

// Frame t of a smooth texture that moves by (3, 1) pixels a frame.
at::Tensor moving_texture(int t) {
  const at::Tensor x = at::arange(96, at::kFloat).view({1, 96}) - 3.0 * t;
  const at::Tensor y = at::arange(64, at::kFloat).view({64, 1}) - 1.0 * t;
  const at::Tensor gray = 0.4 * (at::sin(0.21 * x + 0.13 * y) + at::cos(0.08 * x - 0.31 * y));
  return gray.unsqueeze(0).expand({3, 64, 96});
}

TEST(DisFlow, FindsTheMotionInBothDirections) {
  const at::Tensor clip = at::stack({moving_texture(0), moving_texture(1), moving_texture(2)});
  const ClipFlows flows = DisFlow().estimate(clip);
  ASSERT_EQ(flows.forward.sizes(), (std::vector<std::int64_t>{2, 2, 64, 96}));
  const auto middle = [](const at::Tensor& flow, int channel) {
    return flow.select(1, channel).slice(1, 16, 48).slice(2, 24, 72).median().item<float>();
  };
  EXPECT_NEAR(middle(flows.forward, 0), 3.0, 0.5);
  EXPECT_NEAR(middle(flows.forward, 1), 1.0, 0.5);
  EXPECT_NEAR(middle(flows.backward, 0), -3.0, 0.5);
  EXPECT_NEAR(middle(flows.backward, 1), -1.0, 0.5);
}

TEST(DisFlow, TinyFramesAreRefused) {
  EXPECT_THROW(DisFlow().estimate(at::zeros({2, 3, 8, 64})), Error);
}

}  // namespace
}  // namespace oasis::flow

#endif
