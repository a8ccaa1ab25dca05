#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/model/oasis_model.h"

namespace oasis::model {
namespace {

TEST(Bicubic, IsTorchs) {
  torch::manual_seed(4);
  for (const auto& shape :
       {std::vector<std::int64_t>{1, 3, 1, 1, 1}, {2, 3, 5, 3, 8}, {1, 3, 2, 33, 20}}) {
    const at::Tensor lq = at::rand(shape) * 2 - 1;
    const at::Tensor out = bicubic_x4(lq);
    ASSERT_EQ(out.sizes(), at::IntArrayRef({shape[0], 3, shape[2], 4 * shape[3], 4 * shape[4]}));
    for (std::int64_t t = 0; t < shape[2]; ++t) {
      const at::Tensor expected = at::upsample_bicubic2d(
          lq.select(2, t), {4 * shape[3], 4 * shape[4]}, /*align_corners=*/false);
      EXPECT_LE((out.select(2, t) - expected).abs().max().item<double>(), 1e-6);
    }
  }
}

TEST(Bicubic, KeepsAConstantAndTheOtherPrecisions) {
  const at::Tensor flat = at::full({1, 3, 1, 6, 7}, 0.3);
  EXPECT_LE((bicubic_x4(flat) - 0.3).abs().max().item<double>(), 1e-6);
  torch::manual_seed(5);
  const at::Tensor lq = at::rand({1, 3, 2, 6, 7}, at::kDouble);
  const at::Tensor out = bicubic_x4(lq);
  EXPECT_EQ(out.scalar_type(), at::kDouble);
  EXPECT_LE((out - bicubic_x4(lq.to(at::kFloat))).abs().max().item<double>(), 1e-6);
}

}  // namespace
}  // namespace oasis::model
