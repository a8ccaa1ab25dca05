#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/nn/gated_residual.h"
#include "oasis/nn/gelu.h"
#include "oasis/nn/layer_norm.h"
#include "oasis/nn/norm_rope.h"
#include "oasis/nn/rope.h"

#ifdef OASIS_WITH_CUDA
#include "oasis/nn/routing_cells.h"
#endif

namespace oasis::nn {
namespace {

TEST(LayerNorm, ResultInAnotherDtype) {
  const auto x = torch::randn({2, 3, 16}), scale = torch::rand({16}), shift = torch::rand({16});
  const auto expected = layer_norm(x, scale, shift, 1e-6);
  EXPECT_TRUE(
      torch::equal(layer_norm(x, scale, shift, 1e-6, at::kBFloat16), expected.to(at::kBFloat16)));
}

TEST(AddGated, AddsInTheDtypeOfTheStream) {
  const auto x = torch::randn({2, 3, 8}), gate = torch::randn({8});
  const auto y = torch::randn({2, 3, 8}).to(at::kBFloat16);
  const auto expected = x + gate * y.to(at::kFloat);
  const auto kept = x.clone();
  EXPECT_TRUE(torch::allclose(add_gated(x, y, gate), expected, 1e-6, 1e-6));
  EXPECT_TRUE(torch::equal(x, kept)) << "changed while a gradient is recorded";
  const at::NoGradGuard no_grad;
  add_gated(x, y, gate);
  EXPECT_TRUE(torch::allclose(x, expected, 1e-6, 1e-6));
}

TEST(GeluTanh, IsTheTanhForm) {
  const auto x = torch::linspace(-6, 6, 49);
  const auto expected = at::gelu(x, "tanh");
  EXPECT_TRUE(torch::equal(gelu_tanh(x), expected));
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(torch::allclose(gelu_tanh(x.clone()), expected, 1e-6, 1e-7));
}

#ifdef OASIS_WITH_CUDA

/// The same layer on the CPU in float32 and by the kernels, whose inputs are in `dtype`.
class FusedOnDevice : public testing::TestWithParam<at::ScalarType> {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
    torch::manual_seed(3);
  }

  static at::Tensor on_device(const at::Tensor& x) { return x.to(at::kCUDA, GetParam()); }
  /// As the kernels see it.
  static at::Tensor rounded(const at::Tensor& x) { return x.to(GetParam()).to(at::kFloat); }

  static void expect_close(const at::Tensor& device, const at::Tensor& expected) {
    const double rounding = GetParam() == at::kFloat ? 1e-5 : 1e-2;
    EXPECT_TRUE(torch::allclose(device.cpu().to(at::kFloat), expected, rounding, rounding));
  }

  const at::NoGradGuard no_grad_;
};

TEST_P(FusedOnDevice, LayerNorm) {
  const auto x = torch::randn({2, 5, 96}), scale = torch::rand({96}), shift = torch::rand({96});
  expect_close(layer_norm(on_device(x), scale.cuda(), shift.cuda(), 1e-6, GetParam()),
               layer_norm(rounded(x), scale, shift, 1e-6));
}

TEST_P(FusedOnDevice, AddGated) {
  const auto x = torch::randn({2, 5, 96}), y = torch::randn({2, 5, 96}), gate = torch::rand({96});
  expect_close(add_gated(x.cuda(), on_device(y), gate.cuda()), x + gate * rounded(y));
}

TEST_P(FusedOnDevice, Gelu) {
  const auto x = torch::randn({3, 1001});
  expect_close(gelu_tanh(on_device(x)), at::gelu(rounded(x), "tanh"));
}

TEST_P(FusedOnDevice, NormRope) {
  const TokenGrid grid{2, 3, 5};
  RmsNorm norm(48, 1e-6, at::TensorOptions().dtype(at::kFloat));
  norm->weight.copy_(torch::rand({48}) + 0.5);
  const auto rotations = rope_rotations(grid, 16, at::kFloat, at::kCPU);
  const auto x = torch::randn({2, grid.count(), 48});
  const auto expected = norm_rope(rounded(x), rounded(x), norm, norm, 3, rotations);
  norm->to(at::kCUDA);
  const auto out = norm_rope(on_device(x), on_device(x), norm, norm, 3, rotations.to(at::kCUDA));
  expect_close(out.q, expected.q);
  expect_close(out.k, expected.k);
}

TEST_P(FusedOnDevice, RoutingCellsSumToTheSoftmax) {
  const TokenGrid grid{3, 9, 7};
  const auto q = torch::randn({2, grid.count(), 2, 64}), k = torch::randn({2, grid.count(), 2, 64});
  const auto cells = routing_cells(on_device(q), on_device(k), grid, {}).cpu();
  const auto lse = (cells.select(-1, 0) + cells.select(-1, 1).log()).logsumexp(-1);
  const auto heads_first = [](const at::Tensor& x) { return rounded(x).transpose(1, 2); };
  const auto logits = torch::matmul(heads_first(q), heads_first(k).transpose(2, 3)) / 8.0;
  EXPECT_TRUE(torch::allclose(lse, logits.logsumexp(-1), 1e-4, 1e-4));
}

INSTANTIATE_TEST_SUITE_P(Dtypes, FusedOnDevice,
                         testing::Values(at::kFloat, at::kBFloat16, at::kHalf));

#endif

}  // namespace
}  // namespace oasis::nn
