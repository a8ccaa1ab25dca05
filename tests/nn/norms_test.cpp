#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/nn/initialise.h"
#include "oasis/nn/layer_norm.h"
#include "oasis/nn/linear.h"
#include "oasis/nn/rms_norm.h"

namespace oasis::nn {
namespace {

TEST(RmsNorm, IsTheFormulaWithAndWithoutGradients) {
  torch::manual_seed(6);
  RmsNorm norm(12, 1e-6, at::TensorOptions(at::kFloat));
  norm->weight.detach().uniform_(0.5, 1.5);
  const auto x = torch::randn({2, 5, 12}) * 1e-3;
  const auto expected = x / (x.pow(2).mean(-1, true) + 1e-6).sqrt() * norm->weight;
  EXPECT_TRUE(torch::allclose(norm->forward(x), expected, 1e-5, 1e-7));
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(torch::allclose(norm->forward(x.clone()), expected, 1e-5, 1e-7));
}

TEST(RmsNorm, HasAFiniteGradientAtZero) {
  auto x = torch::zeros({1, 4}).requires_grad_();
  RmsNorm norm(4, 1e-6, at::TensorOptions(at::kFloat));
  norm->reset_parameters();
  norm->forward(x).sum().backward();
  EXPECT_TRUE(x.grad().isfinite().all().item<bool>());
}

TEST(RmsNorm, TakesHalfPrecisionToSinglePrecision) {
  torch::manual_seed(7);
  RmsNorm norm(64, 1e-6, at::TensorOptions(at::kBFloat16));
  norm->reset_parameters();
  const auto x = torch::randn({3, 64}).to(at::kBFloat16);
  const auto wide = x.to(at::kFloat);
  const auto y = norm->forward(x);
  EXPECT_EQ(y.scalar_type(), at::kFloat);
  EXPECT_TRUE(torch::allclose(y, wide / (wide.pow(2).mean(-1, true) + 1e-6).sqrt(), 1e-5));
}

TEST(LayerNorm, IsTheFormula) {
  torch::manual_seed(8);
  LayerNorm norm(10, 1e-6, at::TensorOptions(at::kFloat));
  norm->weight.detach().uniform_(0.5, 1.5);
  norm->bias.detach().uniform_(-1, 1);
  const auto x = torch::randn({4, 10}) * 3 + 1;
  const auto variance = x.var(-1, false, true);
  const auto expected =
      (x - x.mean(-1, true)) / (variance + 1e-6).sqrt() * norm->weight + norm->bias;
  EXPECT_TRUE(torch::allclose(norm->forward(x), expected, 1e-5, 1e-6));
}

TEST(Linear, CastsItsWeightsToItsInput) {
  torch::manual_seed(9);
  Linear layer(8, 3, at::TensorOptions(at::kBFloat16));
  auto generator = make_generator(1);
  layer->reset_parameters(generator);
  const auto x = torch::randn({2, 8});
  const auto y = layer->forward(x);
  EXPECT_EQ(y.scalar_type(), at::kFloat);
  EXPECT_TRUE(torch::allclose(y, x.matmul(layer->weight.to(at::kFloat).t()), 1e-5, 1e-6));
}

TEST(Linear, StartsWithinTheXavierBoundAndRepeatsWithItsSeed) {
  Linear a(50, 46, at::TensorOptions(at::kFloat)), b(50, 46, at::TensorOptions(at::kFloat));
  auto first = make_generator(5), second = make_generator(5);
  a->reset_parameters(first);
  b->reset_parameters(second);
  EXPECT_TRUE(torch::equal(a->weight, b->weight));
  const auto largest = a->weight.abs().max().item<float>();
  EXPECT_LE(largest, 0.25F);
  EXPECT_GT(largest, 0.24F);
  EXPECT_EQ(a->bias.abs().max().item<float>(), 0.0F);
}

}  // namespace
}  // namespace oasis::nn
