#include "oasis/model/head_places.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/core/error.h"
#include "oasis/model/oasis_model.h"

namespace oasis::model {
namespace {

/// Mean attention of each head of a layer over queries in the middle of a grid of 5 x 12 x 12,
/// `[heads, 5, 12, 12]` by place of the key, for random tokens.
at::Tensor mean_attention(const WanDitConfig& config, bool places) {
  const torch::NoGradGuard no_grad;
  WanDit dit(config, at::kFloat);
  dit.reset_parameters(3);
  if (places) give_heads_places(dit);
  at::Tensor attention;
  dit.set_attention_observer([&](std::int64_t layer, const at::Tensor& q, const at::Tensor& k) {
    if (layer != 1) return;
    const std::int64_t middle = (2 * 12 + 6) * 12 + 6;
    const at::Tensor queries = q[0][middle].unsqueeze(1);  // [heads, 1, d]
    const at::Tensor logits = queries.matmul(k[0].permute({1, 2, 0})).squeeze(1);
    attention = (logits / std::sqrt(static_cast<double>(q.size(3)))).softmax(1);
  });
  torch::manual_seed(5);
  dit.forward(torch::randn({1, config.in_channels, 5, 24, 24}), 799,
              at::zeros({0, config.text_dim}));
  return attention.view({config.num_heads, 5, 12, 12});
}

TEST(HeadPlaces, HeadsBeginNearWhereTheyShould) {
  const at::Tensor mass = mean_attention(tiny_description().dit, true);
  const auto share = [&mass](std::int64_t head, bool near_time, bool near_space) {
    at::Tensor part = mass[head];
    if (near_time) part = part.narrow(0, 2, 1);
    if (near_space) part = part.narrow(1, 4, 5).narrow(2, 4, 5);
    return part.sum().item<double>();
  };
  EXPECT_LT(share(0, true, false), 0.5);
  EXPECT_GT(share(1, true, false), 0.6);
  EXPECT_LT(share(1, false, true), 0.5);
  EXPECT_LT(share(2, true, false), 0.5);
  EXPECT_GT(share(2, false, true), 0.6);
  EXPECT_GT(share(3, true, true), 0.4);
}

TEST(HeadPlaces, WithoutThemHeadsAreAlike) {
  const at::Tensor mass = mean_attention(tiny_description().dit, false);
  for (std::int64_t head = 0; head < mass.size(0); ++head) {
    EXPECT_LT(mass[head][2].sum().item<double>(), 0.45) << head;
  }
}

TEST(HeadPlaces, NarrowHeadsAreRefused) {
  WanDitConfig config = nano_description().dit;
  config.num_heads = 8;  // of 8 channels
  WanDit dit(config, at::kFloat);
  EXPECT_THROW(give_heads_places(dit), Error);
}

}  // namespace
}  // namespace oasis::model
