#include "oasis/nn/norm_rope.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/nn/rope.h"

namespace oasis::nn {
namespace {

constexpr std::int64_t kHeads = 3;
constexpr std::int64_t kHeadDim = 8;
const TokenGrid kGrid{2, 2, 3};

RmsNorm norm() {
  RmsNorm result(kHeads * kHeadDim, 1e-6, at::TensorOptions().dtype(at::kFloat));
  result->weight.data().copy_(torch::rand({kHeads * kHeadDim}) + 0.5);
  return result;
}

TEST(NormRope, EqualsItsParts) {
  torch::manual_seed(1);
  const auto norm_q = norm(), norm_k = norm();
  const auto rotations = rope_rotations(kGrid, kHeadDim, at::kFloat, at::kCPU);
  const auto q = torch::randn({2, kGrid.count(), kHeads * kHeadDim});
  const auto k = torch::randn_like(q);
  const auto part = [&](const at::Tensor& x, const RmsNorm& n) {
    return apply_rope(n->forward(x).view({2, kGrid.count(), kHeads, kHeadDim}), rotations);
  };
  const auto expected_q = part(q, norm_q), expected_k = part(k, norm_k);
  const auto recorded = norm_rope(q, k, norm_q, norm_k, kHeads, rotations);
  EXPECT_TRUE(torch::equal(recorded.q, expected_q));
  EXPECT_TRUE(torch::equal(recorded.k, expected_k));
  const at::NoGradGuard no_grad;
  const auto plain = norm_rope(q.clone(), k.clone(), norm_q, norm_k, kHeads, rotations);
  EXPECT_TRUE(torch::allclose(plain.q, expected_q, 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(plain.k, expected_k, 1e-5, 1e-6));
}

TEST(NormRope, KeepsTheDtypeAndItsGradient) {
  const auto norm_q = norm(), norm_k = norm();
  const auto rotations = rope_rotations(kGrid, kHeadDim, at::kFloat, at::kCPU);
  const auto q =
      torch::randn({1, kGrid.count(), kHeads * kHeadDim}, at::kBFloat16).requires_grad_();
  const auto out = norm_rope(q, q, norm_q, norm_k, kHeads, rotations);
  EXPECT_EQ(out.q.scalar_type(), at::kBFloat16);
  EXPECT_EQ(out.k.sizes(), at::IntArrayRef({1, kGrid.count(), kHeads, kHeadDim}));
  out.k.sum().backward();
  EXPECT_GT(q.grad().abs().sum().item<double>(), 0.0);
  EXPECT_TRUE(norm_k->weight.grad().defined());
}

}  // namespace
}  // namespace oasis::nn
