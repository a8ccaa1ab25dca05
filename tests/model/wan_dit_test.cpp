#include "oasis/model/wan_dit.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <map>
#include <memory>

#include "hashed_values.h"
#include "oasis/core/error.h"
#include "oasis/model/dit_keys.h"

namespace oasis::model {
namespace {

using testing::hashed_parameter;
using testing::hashed_tensor;
using testing::hashed_value;

constexpr double kTime = 799.0;

WanDitConfig small_config() {
  WanDitConfig config;
  config.dim = 32;
  config.layers = 2;
  config.num_heads = 2;
  config.ffn_dim = 48;
  config.freq_dim = 16;
  config.text_dim = 12;
  config.text_len = 6;
  config.in_channels = 4;
  config.out_channels = 4;
  return config;
}

void fill(WanDit& dit) {
  const torch::NoGradGuard no_grad;
  for (auto& item : dit.named_parameters()) {
    item.value().copy_(hashed_parameter(item.key(), item.value().sizes().vec()));
  }
}

std::unique_ptr<WanDit> small_dit(at::ScalarType dtype, WanDitConfig config = small_config()) {
  auto dit = std::make_unique<WanDit>(config, dtype);
  fill(*dit);
  return dit;
}

at::Tensor small_latent() { return hashed_tensor("input.x", {1, 4, 2, 4, 6}).mul_(1.5); }
at::Tensor small_context(std::int64_t rows = 1) {
  return hashed_tensor("input.context", {rows, 12});
}

void expect_row(const at::Tensor& row, const std::vector<double>& expected, double tolerance) {
  ASSERT_LE(static_cast<std::int64_t>(expected.size()), row.numel());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(row[static_cast<std::int64_t>(i)].item<double>(), expected[i], tolerance) << i;
  }
}

void expect_specified_velocity(const at::Tensor& v, double tolerance) {
  expect_row(v[0][0][0][0], {2.0718201, -0.3876066, 1.7357095, 0.6188873, 0.9032735, -0.4084240},
             tolerance);
  expect_row(v[0][1][0][1], {1.4834337, -0.3725247, 0.8784575, 0.7738948, -0.7490760, -1.0608839},
             tolerance);
  expect_row(v[0][3][1][3], {-0.8023319, 1.6523003, 1.2269374, -2.4727547, 0.7805309, -1.5883729},
             tolerance);
  EXPECT_NEAR(v.sum().item<double>(), 99.5132137, 100 * tolerance);
  EXPECT_NEAR(v.abs().sum().item<double>(), 227.3366356, 100 * tolerance);
}

TEST(HashedValues, AreTheSpecifiedOnes) {
  EXPECT_NEAR(hashed_value("patch_embedding.weight", 0), 0.7890708, 1e-7);
  EXPECT_NEAR(hashed_value("patch_embedding.weight", 1), -0.0069367, 1e-7);
  EXPECT_NEAR(hashed_value("patch_embedding.weight", 2), 0.5945366, 1e-7);
}

TEST(TimeSinusoid, HasCosinesFirst) {
  const auto s = time_sinusoid(kTime, 256);
  expect_row(s, {0.510125192, -0.514477429, 0.728195763, -0.987451578}, 1e-8);
  EXPECT_NEAR(s[64].item<double>(), -0.135599341, 1e-8);
  expect_row(s.slice(0, 128), {0.860100162, 0.857503921, 0.685369193, 0.157922073}, 1e-8);
  EXPECT_NEAR(s[255].item<double>(), 0.085755708, 1e-8);
}

TEST(WanDit, GivesTheSpecifiedNumbersInDoubleAndSinglePrecision) {
  for (const auto& [dtype, tolerance] :
       {std::pair(at::kDouble, 1e-6), std::pair(at::kFloat, 1e-4)}) {
    const auto dit = small_dit(dtype);
    const auto v = dit->forward(small_latent(), kTime, small_context()).detach();
    EXPECT_EQ(v.scalar_type(), dtype);
    expect_specified_velocity(v, tolerance);
    dit->fold_conditioning(kTime, small_context());
    expect_specified_velocity(dit->forward_folded(small_latent()), tolerance);
  }
}

TEST(WanDit, FoldedAndGeneralPathAgreeForAnyNumberOfRows) {
  for (const std::int64_t rows : {0, 1, 2, 4, 5, 6}) {
    const auto dit = small_dit(at::kDouble);
    const auto context = small_context(rows);
    const auto general = dit->forward(small_latent(), kTime, context).detach();
    dit->fold_conditioning(kTime, context);
    const auto folded = dit->forward_folded(small_latent());
    EXPECT_LT((folded - general).abs().max().item<double>(), 1e-11) << rows << " rows";
    // Padding rows by hand is the same as leaving them to the model.
    const auto padded = torch::cat({context, torch::zeros({6 - rows, 12}, at::kDouble)});
    const auto whole = dit->forward(small_latent(), kTime, padded).detach();
    EXPECT_LT((whole - general).abs().max().item<double>(), 1e-11) << rows << " rows";
  }
}

TEST(WanDit, FoldsAPromptOfOneRowOnly) {
  auto config = small_config();
  config.text_len = 1;
  const auto dit = small_dit(at::kDouble, config);
  const auto general = dit->forward(small_latent(), kTime, small_context()).detach();
  dit->fold_conditioning(kTime, small_context());
  EXPECT_LT((dit->forward_folded(small_latent()) - general).abs().max().item<double>(), 1e-11);
}

TEST(WanDit, RepeatedRowsHaveTheGradientsOfTheirCopies) {
  const auto short_form = small_dit(at::kDouble), long_form = small_dit(at::kDouble);
  const auto padded = torch::cat({small_context(), torch::zeros({5, 12}, at::kDouble)});
  const auto weight = hashed_tensor("weight", {1, 4, 2, 4, 6});
  (short_form->forward(small_latent(), kTime, small_context()) * weight).sum().backward();
  (long_form->forward(small_latent(), kTime, padded) * weight).sum().backward();
  const auto expected = long_form->named_parameters();
  for (const auto& item : short_form->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_TRUE(torch::allclose(item.value().grad(), expected[item.key()].grad(), 1e-8, 1e-10))
        << item.key();
  }
}

TEST(WanDit, HalfPrecisionStaysClose) {
  const auto exact = small_dit(at::kFloat), half = small_dit(at::kBFloat16);
  const auto v = exact->forward(small_latent(), kTime, small_context()).detach();
  half->fold_conditioning(kTime, small_context());
  for (const auto& w : {half->forward(small_latent(), kTime, small_context()).detach(),
                        half->forward_folded(small_latent())}) {
    EXPECT_EQ(w.scalar_type(), at::kFloat);
    const auto error = ((w - v).norm() / v.norm()).item<double>();
    EXPECT_LT(error, 0.03);
    EXPECT_GT(error, 1e-5) << "this did not run in half precision";
  }
}

TEST(WanDit, MixedPrecisionTrainsFullPrecisionWeights) {
  const auto dit = small_dit(at::kFloat);
  dit->set_compute_dtype(at::kBFloat16);
  dit->forward(small_latent(), kTime, small_context()).square().sum().backward();
  for (const auto& item : dit->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_EQ(item.value().grad().scalar_type(), at::kFloat) << item.key();
    EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>()) << item.key();
  }
}

TEST(WanDit, ABatchIsItsClipsOneByOne) {
  const auto dit = small_dit(at::kDouble);
  const auto latents = hashed_tensor("batch", {2, 4, 2, 4, 6});
  const auto both = dit->forward(latents, kTime, small_context()).detach();
  dit->fold_conditioning(kTime, small_context());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(
        torch::allclose(dit->forward_folded(latents.narrow(0, i, 1))[0], both[i], 1e-9, 1e-11));
  }
}

TEST(WanDit, HeadKindsChangeTheResultAndAreChecked) {
  const auto dit = small_dit(at::kDouble);
  const auto v = dit->forward(small_latent(), kTime, small_context()).detach();
  const auto global = nn::HeadKind::global, intra = nn::HeadKind::intra;
  dit->set_head_kinds({{global, intra}, {intra, global}}, {});
  const auto routed = dit->forward(small_latent(), kTime, small_context()).detach();
  EXPECT_GT((routed - v).abs().max().item<double>(), 1e-3);
  // A window wider than the grid is global attention.
  const auto window = nn::HeadKind::window;
  dit->set_head_kinds({{window, window}, {window, window}}, {5, 9, 9});
  const auto wide = dit->forward(small_latent(), kTime, small_context()).detach();
  EXPECT_LT((wide - v).abs().max().item<double>(), 1e-11);
  EXPECT_THROW(dit->set_head_kinds({{global, intra}}, {}), Error);
  EXPECT_THROW(dit->set_head_kinds({{global}, {intra}}, {}), Error);
  EXPECT_THROW(dit->set_head_kinds({{global, intra}, {intra, global}}, {3, 2, 5}), Error);
}

TEST(WanDit, RecomputingGivesTheSameGradients) {
  const auto gradients = [](bool again) {
    const auto dit = small_dit(at::kDouble);
    dit->set_recompute(again);
    const at::Tensor latent = small_latent().to(at::kDouble).set_requires_grad(true);
    dit->forward(latent, kTime, small_context().to(at::kDouble)).square().sum().backward();
    std::map<std::string, at::Tensor> all = {{"latent", latent.grad()}};
    for (const auto& item : dit->named_parameters()) all[item.key()] = item.value().grad();
    return all;
  };
  const auto plain = gradients(false);
  for (const auto& [name, gradient] : gradients(true)) {
    ASSERT_TRUE(gradient.defined()) << name;
    EXPECT_TRUE(at::allclose(gradient, plain.at(name), 1e-12, 1e-14)) << name;
  }
}

TEST(WanDit, RefusesWhatDoesNotFit) {
  const auto dit = small_dit(at::kFloat);
  EXPECT_THROW(dit->forward_folded(small_latent()), Error);
  EXPECT_THROW(dit->forward(torch::zeros({1, 4, 2, 5, 6}), kTime, small_context()), Error);
  EXPECT_THROW(dit->forward(torch::zeros({1, 3, 2, 4, 6}), kTime, small_context()), Error);
  EXPECT_THROW(dit->forward(small_latent(), kTime, small_context(7)), Error);
  EXPECT_THROW(dit->forward(small_latent(), kTime, torch::zeros({1, 11})), Error);
}

TEST(WanDit, StartsFromScratchWithZeroVelocity) {
  WanDit dit(small_config());
  dit.reset_parameters(3);
  for (const auto& item : dit.named_parameters()) {
    EXPECT_TRUE(item.value().isfinite().all().item<bool>()) << item.key();
  }
  const auto v = dit.forward(small_latent(), kTime, small_context());
  EXPECT_EQ(v.abs().max().item<float>(), 0.0F);
}

TEST(WanDit, ParametersAreTheStateDict) {
  const auto config = small_config();
  WanDit dit(config);
  std::map<std::string, std::vector<std::int64_t>> expected;
  for (const auto& [name, shape] : dit_shapes(config)) expected[name] = shape;
  std::int64_t values = 0;
  for (const auto& item : dit.named_parameters()) {
    ASSERT_EQ(expected.count(item.key()), 1U) << item.key();
    EXPECT_EQ(item.value().sizes().vec(), expected[item.key()]) << item.key();
    values += item.value().numel();
  }
  EXPECT_EQ(dit.named_parameters().size(), expected.size());
  EXPECT_EQ(values, parameter_count(config));
}

TEST(WanDitConfig, CountsTheParametersOfThePublishedModels) {
  EXPECT_EQ(parameter_count(wan_1_3b()), 1418996800);
  EXPECT_EQ(tensor_count(wan_1_3b()), 825);
  WanDitConfig large;
  large.dim = 5120;
  large.num_heads = 40;
  large.layers = 40;
  large.ffn_dim = 13824;
  EXPECT_EQ(parameter_count(large), 14288491584);
  EXPECT_EQ(tensor_count(large), 1095);
}

TEST(WanDitConfig, RefusesSizesThatDoNotFit) {
  auto config = small_config();
  config.num_heads = 3;
  EXPECT_THROW(validate(config), Error);
  config = small_config();
  config.layers = 0;
  EXPECT_THROW(validate(config), Error);
}

}  // namespace
}  // namespace oasis::model
