#include "oasis/train/ridge.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/core/error.h"
#include "oasis/model/projector_origin.h"
#include "oasis/train/projector_init.h"
#include "tiny_training.h"

namespace oasis::train {
namespace {

struct Pairs {
  explicit Pairs(double noise) {
    torch::manual_seed(1);
    x = at::randn({3000, 6}, at::kDouble) + 0.5;
    weight = at::randn({4, 6}, at::kDouble);
    bias = at::randn({4}, at::kDouble);
    y = at::mm(x, weight.t()) + bias + noise * at::randn({3000, 4}, at::kDouble);
  }
  RidgeRegression regression() const {
    RidgeRegression made(6, 4);
    for (std::int64_t first = 0; first < 3000; first += 700) {
      const std::int64_t count = std::min<std::int64_t>(700, 3000 - first);
      made.add(x.narrow(0, first, count), y.narrow(0, first, count));
    }
    return made;
  }
  at::Tensor x, y, weight, bias;
};

double largest(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST(Ridge, RecoversALinearMap) {
  const Pairs pairs(0);
  const RidgeFit exact = pairs.regression().solve(0);
  EXPECT_LT(largest(exact.weight, pairs.weight), 1e-10);
  EXPECT_LT(largest(exact.bias, pairs.bias), 1e-10);
  EXPECT_NEAR(exact.all.r2, 1, 1e-12);
  EXPECT_EQ(exact.rows, 3000);
  const RidgeFit usual = pairs.regression().solve();
  EXPECT_LT(largest(usual.weight, pairs.weight), 1e-2);
  EXPECT_GT(largest(usual.weight, pairs.weight), 1e-6);
}

TEST(Ridge, SolvesThePenalisedNormalEquations) {
  const Pairs pairs(0.3);
  const RidgeFit fit = pairs.regression().solve(0.02);
  const at::Tensor design = at::cat({pairs.x, at::ones({3000, 1}, at::kDouble)}, 1);
  const at::Tensor solution = at::cat({fit.weight.t(), fit.bias.unsqueeze(0)}, 0);
  const double lambda = 0.02 * design.square().sum().item<double>() / 7;
  const at::Tensor slope =
      at::mm(design.t(), at::mm(design, solution) - pairs.y) + lambda * solution;
  EXPECT_LT(slope.abs().max().item<double>(), 1e-8);
}

TEST(Ridge, SaysHowWellItFits) {
  const Pairs pairs(0.8);
  const RidgeFit fit = pairs.regression().solve();
  const at::Tensor residual = at::mm(pairs.x, fit.weight.t()) + fit.bias - pairs.y;
  ASSERT_EQ(fit.channels.size(), 4U);
  for (std::int64_t i = 0; i < 4; ++i) {
    const auto& channel = fit.channels[static_cast<std::size_t>(i)];
    const double rmse = residual.select(1, i).square().mean().sqrt().item<double>();
    const double deviation = pairs.y.select(1, i).std(/*unbiased=*/false).item<double>();
    EXPECT_NEAR(channel.rmse, rmse, 1e-9);
    EXPECT_NEAR(channel.deviation, deviation, 1e-9);
    EXPECT_NEAR(channel.r2, 1 - rmse * rmse / (deviation * deviation), 1e-9);
  }
  EXPECT_NEAR(fit.all.rmse, 0.8, 0.03);
}

TEST(Ridge, RefusesPairsThatDoNotFitAndNoPairs) {
  RidgeRegression regression(6, 4);
  EXPECT_THROW(regression.solve(), Error);
  EXPECT_THROW(regression.add(at::zeros({5, 6}), at::zeros({4, 4})), Error);
  regression.add(at::full({5, 6}, std::numeric_limits<double>::quiet_NaN()), at::zeros({5, 4}));
  EXPECT_THROW(regression.solve(), Error);
}

class ProjectorFit : public ::testing::TestWithParam<model::ProjectorMode> {};

TEST_P(ProjectorFit, PutsTheProjectorNearTheEncoder) {
  const testing::Scratch scratch;
  const auto folder = scratch / "model";
  model::ModelDescription about = testing::smallest_with_vae();
  about.projector = GetParam();
  model::initialise_model_folder(folder, about, 2);
  EXPECT_FALSE(model::projector_is_fit(folder));
  const auto source = std::make_shared<testing::WavesSource>();
  ProjectorFitOptions options;
  options.samples = 3;
  const RidgeFit fit = fit_projector(folder, source, options);
  EXPECT_EQ(fit.rows, 3 * 2 * 8 * 8);
  EXPECT_GT(fit.all.r2, 0.05);
  EXPECT_FALSE(model::projector_is_fit(folder)) << "fitting alone wrote something";
  write_fitted_projector(folder, fit);
  EXPECT_TRUE(model::projector_is_fit(folder));

  // What the fit says is what the model does: the same samples through the projector it wrote.
  const torch::NoGradGuard no_grad;
  const auto model = model::OasisModel::load(folder, {});
  const model::WanVaeEncoder encoder(about.vae, at::TensorOptions().dtype(at::kFloat));
  checkpoint::load_strictly(encoder.parameters(),
                            checkpoint::load_safetensors(folder / "vae_encoder.safetensors"), "");
  double squares = 0;
  std::int64_t count = 0;
  for (std::uint64_t i = 0; i < 3; ++i) {
    const at::Tensor lq = source->sample(i).lq.unsqueeze(0);
    const at::Tensor target = encoder.encode(model::bicubic_x4(lq));
    squares += (model->project(lq) - target).square().sum().item<double>();
    count += target.numel();
  }
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(count)), fit.all.rmse, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Modes, ProjectorFit,
                         ::testing::Values(model::ProjectorMode::native_2x,
                                           model::ProjectorMode::upsampled_8x),
                         [](const auto& each) { return model::to_string(each.param); });

TEST(ProjectorFitErrors, NeedTheEncoder) {
  const testing::Scratch scratch;
  model::initialise_model_folder(scratch / "model", testing::smallest_model(), 2);
  try {
    fit_projector(scratch / "model", std::make_shared<testing::WavesSource>(), {});
    FAIL() << "there is no encoder";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("vae_encoder"), std::string::npos);
  }
}

}  // namespace
}  // namespace oasis::train
