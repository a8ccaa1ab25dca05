// The tensors' side of the CUDA attention kernels. The kernels themselves are tested on the host
// (tests/kernels); what is here needs a GPU, but for the choice of the dense backend.
#ifdef OASIS_WITH_CUDA

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/nn/dense_attention_cuda.h"
#include "oasis/nn/routed_attention.h"
#include "oasis/nn/window_attention_cuda.h"

namespace oasis::nn {
namespace {

TEST(DenseAttentionCuda, ChoosesByDeviceTypeAndHeadDim) {
  DenseAttentionNeeds needs;
  needs.tokens = 3600;
  needs.compute_capability = 90;
  EXPECT_EQ(choose_dense_backend(needs), DenseBackend::cudnn);
  needs.cudnn_allowed = false;
  EXPECT_EQ(choose_dense_backend(needs), DenseBackend::flash);
  needs.cudnn_allowed = true;
  needs.head_dim = 256;
  EXPECT_EQ(choose_dense_backend(needs), DenseBackend::flash);
  needs.head_dim = 128;
  needs.tokens = 1;
  EXPECT_EQ(choose_dense_backend(needs), DenseBackend::flash) << "cuDNN refuses a single key";
  needs.tokens = 3600;
  needs.compute_capability = 89;
  EXPECT_EQ(choose_dense_backend(needs), DenseBackend::flash);
  needs.head_dim = 36;
  EXPECT_EQ(choose_dense_backend(needs), DenseBackend::framework);
  needs.head_dim = 128;
  needs.half_precision = false;
  EXPECT_EQ(choose_dense_backend(needs), DenseBackend::framework);
}

class AttentionOnGpu : public testing::Test {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU here";
  }
};

/// Largest difference of value and gradients between GPU and a float64 run on the CPU, relative to
/// the largest value.
double worst_difference(const TokenGrid& grid, const std::vector<HeadKind>& kinds,
                        at::ScalarType dtype, std::int64_t dim) {
  torch::manual_seed(1);
  const auto heads = static_cast<std::int64_t>(kinds.size());
  const auto packed = torch::randn({2, grid.count(), 3, heads, dim}).to(dtype);
  const auto weights = torch::randn({2, grid.count(), heads, dim}).to(dtype);
  const auto run = [&](const at::Tensor& x, const at::Tensor& w) {
    const auto leaf = x.detach().clone().requires_grad_();
    const auto out =
        routed_attention(leaf.select(2, 0), leaf.select(2, 1), leaf.select(2, 2), grid, kinds, {});
    (out * w).sum().backward();
    const at::NoGradGuard no_gradients;
    const auto again =
        routed_attention(leaf.select(2, 0), leaf.select(2, 1), leaf.select(2, 2), grid, kinds, {});
    EXPECT_TRUE(at::allclose(out.detach(), again, 1e-6, 1e-6)) << "with and without gradients";
    return at::cat({out.detach().flatten(), leaf.grad().flatten()}).cpu().to(at::kDouble);
  };
  const auto expected = run(packed.to(at::kDouble), weights.to(at::kDouble));
  const auto found = run(packed.cuda(), weights.cuda());
  return ((found - expected).abs().max() / expected.abs().max()).item<double>();
}

TEST_F(AttentionOnGpu, RoutedMatchesTheCpu) {
  const std::vector<HeadKind> kinds = {HeadKind::global, HeadKind::window, HeadKind::window,
                                       HeadKind::intra};
  EXPECT_LT(worst_difference({3, 9, 13}, kinds, at::kBFloat16, 128), 2e-2);
  EXPECT_LT(worst_difference({3, 9, 13}, kinds, at::kHalf, 64), 3e-3);
  EXPECT_LT(worst_difference({3, 5, 6}, kinds, at::kFloat, 32), 1e-4);
}

TEST_F(AttentionOnGpu, WindowWritesIntoASlice) {
  const TokenGrid grid{2, 5, 6};
  const auto x = torch::randn({1, grid.count(), 4, 64}, at::kCUDA).to(at::kBFloat16);
  auto whole = torch::zeros_like(x);
  const auto part = [](const at::Tensor& t) { return t.narrow(2, 1, 2); };
  window_cuda::forward_into(part(whole), part(x), part(x), part(x), grid, {});
  EXPECT_TRUE(
      at::equal(part(whole), window_cuda::forward(part(x), part(x), part(x), grid, {}).out));
  EXPECT_EQ(whole.select(2, 0).abs().max().item<float>(), 0.0F);
  EXPECT_EQ(whole.select(2, 3).abs().max().item<float>(), 0.0F);
}

}  // namespace
}  // namespace oasis::nn

#endif  // OASIS_WITH_CUDA
