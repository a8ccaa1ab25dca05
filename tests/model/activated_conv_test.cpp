#include "src/model/activated_conv.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace oasis::model {
namespace {

struct Layer {
  at::Tensor frames, weight, bias;

  Layer(at::ScalarType dtype, std::int64_t side) {
    torch::manual_seed(6);
    frames = at::randn({3, 5, 9, 11}).to(dtype).contiguous(at::MemoryFormat::ChannelsLast);
    weight = (at::randn({7, 5, side, side}) / side).to(dtype);
    bias = at::randn({7}).to(dtype);
  }
  /// Both steps in float64.
  at::Tensor expected(double slope, bool with_bias) const {
    at::Tensor y = conv_same(frames.to(at::kDouble), weight.to(at::kDouble),
                             with_bias ? bias.to(at::kDouble) : at::Tensor());
    return activate(y, slope).clone();
  }
};

TEST(ActivatedConv, IsAConvolutionAndItsActivation) {
  for (const bool gradients : {false, true}) {
    const torch::AutoGradMode mode(gradients);
    for (const double slope : {0.0, 0.1}) {
      for (const std::int64_t side : {1, 3}) {
        const Layer layer(at::kFloat, side);
        for (const bool with_bias : {false, true}) {
          const at::Tensor out = activated_conv(layer.frames, layer.weight,
                                                with_bias ? layer.bias : at::Tensor(), slope);
          EXPECT_TRUE(out.is_contiguous(at::MemoryFormat::ChannelsLast));
          EXPECT_LE((out - layer.expected(slope, with_bias)).abs().max().item<double>(), 1e-5);
        }
      }
    }
  }
}

TEST(ActivatedConv, RoundsABfloat16ResultOnce) {
  const torch::NoGradGuard no_grad;
  const Layer layer(at::kBFloat16, 3);
  const at::Tensor out = activated_conv(layer.frames, layer.weight, layer.bias, 0.1);
  ASSERT_EQ(out.scalar_type(), at::kBFloat16);
  const at::Tensor expected = layer.expected(0.1, true);
  const at::Tensor error = (out.to(at::kDouble) - expected).abs();
  // Half a unit of the last of 8 bits, and what float32 sums add.
  EXPECT_LE((error - expected.abs() / 256).max().item<double>(), 1e-5);
}

TEST(ActivatedConv, HasGradients) {
  const Layer layer(at::kFloat, 3);
  const at::Tensor weight = layer.weight.clone().requires_grad_(true);
  activated_conv(layer.frames, weight, layer.bias, 0.1).sum().backward();
  EXPECT_GT(weight.grad().abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace oasis::model
