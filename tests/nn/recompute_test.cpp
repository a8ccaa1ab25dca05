#include "oasis/nn/recompute.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

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

}  // namespace
}  // namespace oasis::nn
