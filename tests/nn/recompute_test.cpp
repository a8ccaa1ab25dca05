#include "oasis/nn/recompute.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <vector>

#include "oasis/nn/rms_norm.h"

namespace oasis::nn {
namespace {

class RecomputeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(0);
    x_ = at::randn({3, 4}, at::kDouble).set_requires_grad(true);
    side_ = at::randn({4}, at::kDouble).set_requires_grad(true);
    weight_ = at::randn({4, 4}, at::kDouble).set_requires_grad(true);
    frozen_ = at::randn({4}, at::kDouble);
  }

  at::Tensor part(const std::vector<at::Tensor>& in) {
    ++calls_;
    return at::tanh(at::matmul(in[0], weight_) + in[1]) * frozen_;
  }

  at::Tensor x_, side_, weight_, frozen_;
  int calls_ = 0;
};

TEST_F(RecomputeTest, GradientsAreThoseOfTheOrdinaryPass) {
  const auto f = [this](const std::vector<at::Tensor>& in) { return part(in); };
  const auto plain =
      torch::autograd::grad({part({x_ * 2, side_}).square().sum()}, {x_, side_, weight_});
  calls_ = 0;
  const at::Tensor out = recompute(f, {x_ * 2, side_}, {weight_});
  EXPECT_EQ(calls_, 1);
  const auto again = torch::autograd::grad({out.square().sum()}, {x_, side_, weight_});
  EXPECT_EQ(calls_, 2);
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(at::equal(plain[i], again[i])) << i;
}

TEST_F(RecomputeTest, ParametersLearnThoughNoInputDoes) {
  const auto f = [this](const std::vector<at::Tensor>& in) { return part(in); };
  recompute(f, {x_.detach(), side_.detach()}, {weight_}).sum().backward();
  EXPECT_TRUE(weight_.grad().defined());
  EXPECT_FALSE(x_.grad().defined());
}

TEST_F(RecomputeTest, GradientsAddUpOverCalls) {
  const auto f = [this](const std::vector<at::Tensor>& in) { return part(in); };
  recompute(f, {x_, side_}, {weight_}).sum().backward();
  const at::Tensor once = weight_.grad().clone();
  recompute(f, {x_, side_}, {weight_}).sum().backward();
  EXPECT_TRUE(at::allclose(weight_.grad(), 2 * once));
}

TEST_F(RecomputeTest, WithoutGradientsItIsACall) {
  const auto f = [this](const std::vector<at::Tensor>& in) { return part(in); };
  const torch::NoGradGuard no_grad;
  EXPECT_FALSE(recompute(f, {x_, side_}, {weight_}).requires_grad());
  EXPECT_EQ(calls_, 1);
}

TEST_F(RecomputeTest, BothRunsNormaliseAlike) {
  const at::Tensor x = at::randn({64, 24}, at::kFloat).set_requires_grad(true);
  std::vector<at::Tensor> seen;
  const auto part = [&seen](const std::vector<at::Tensor>& in) {
    EXPECT_TRUE(is_training());
    const at::Tensor inverse = inverse_rms(in[0], 1e-6);
    seen.push_back(inverse.detach());
    return in[0] * inverse;
  };
  recompute(part, {x}).sum().backward();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_TRUE(at::equal(seen[0], seen[1]));
  EXPECT_TRUE(at::equal(seen[0], inverse_rms(x, 1e-6)));
  const torch::NoGradGuard no_grad;
  EXPECT_FALSE(is_training());
}

}  // namespace
}  // namespace oasis::nn
