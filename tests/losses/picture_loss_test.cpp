#include "oasis/losses/picture_loss.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

namespace oasis::losses {
namespace {

// Two clips [2, 3, 2, 4, 4] that differ from zeros by 0.1 and by 0.5 everywhere.
at::Tensor two_clips() {
  return at::tensor({0.1, 0.5}, at::kDouble).view({2, 1, 1, 1, 1}).expand({2, 3, 2, 4, 4});
}

TEST(PsnrLoss, IsTheMeanLogarithmOfEachClipsError) {
  const at::Tensor zeros = at::zeros({2, 3, 2, 4, 4}, at::kDouble);
  const double expected = 0.5 * (std::log(0.01 + 1e-6) + std::log(0.25 + 1e-6));
  EXPECT_NEAR(psnr_loss(two_clips(), zeros).item<double>(), expected, 1e-12);
  EXPECT_NEAR(psnr_loss(zeros, two_clips()).item<double>(), expected, 1e-12);
}

TEST(PsnrLoss, FallsAsPsnrRises) {
  const at::Tensor clip = two_clips();
  const at::Tensor zeros = at::zeros_like(clip);
  double psnr = 0;  // of values in [-1, 1]
  for (const double error : {0.1, 0.5}) psnr += 10 * std::log10(4 / (error * error)) / 2;
  const double loss = psnr_loss(clip, zeros, 0).item<double>();
  EXPECT_NEAR(psnr, 10 * std::log10(4.0) - 10 / std::log(10.0) * loss, 1e-9);
}

TEST(PsnrLoss, LumaTakesItsShareOfTheError) {
  const at::Tensor zeros = at::zeros({1, 3, 2, 4, 4}, at::kDouble);
  const at::Tensor grey = at::full_like(zeros, 0.1);
  at::Tensor colour = zeros.clone();  // of luma 0
  colour.select(1, 0).fill_(0.587);
  colour.select(1, 1).fill_(-0.299);
  const double of_colour = (0.587 * 0.587 + 0.299 * 0.299) / 3;
  for (const double luma : {0.0, 0.7, 1.0}) {
    EXPECT_NEAR(psnr_loss(grey, zeros, 1e-6, luma).item<double>(), std::log(0.01 + 1e-6), 1e-12);
    EXPECT_NEAR(psnr_loss(colour, zeros, 1e-6, luma).item<double>(),
                std::log((1 - luma) * of_colour + 1e-6), 1e-9);
  }
}

TEST(PsnrLoss, EqualClipsHaveAFiniteGradient) {
  const at::Tensor clip = at::rand({1, 3, 2, 4, 4}, at::kDouble).requires_grad_(true);
  const at::Tensor loss = psnr_loss(clip, clip.detach());
  loss.backward();
  EXPECT_NEAR(loss.item<double>(), std::log(1e-6), 1e-12);
  EXPECT_EQ(clip.grad().abs().max().item<double>(), 0.0);
}

TEST(PsnrLoss, GradientsAgreeWithCentralDifferences) {
  torch::manual_seed(2);
  const at::Tensor reference = at::rand({2, 3, 2, 3, 4}, at::kDouble);
  at::Tensor pred = at::rand({2, 3, 2, 3, 4}, at::kDouble).requires_grad_(true);
  psnr_loss(pred, reference, 1e-6, 0.7).backward();
  const at::Tensor gradient = pred.grad().flatten();
  at::Tensor values = pred.detach().flatten();
  constexpr double step = 1e-6;
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    const auto moved = [&](double by) {
      at::Tensor other = values.clone();
      other[i] += by;
      return psnr_loss(other.view(reference.sizes()), reference, 1e-6, 0.7).item<double>();
    };
    const double measured = (moved(step) - moved(-step)) / (2 * step);
    EXPECT_NEAR(measured, gradient[i].item<double>(), 1e-8) << i;
  }
  EXPECT_GT(gradient.abs().max().item<double>(), 1e-3);
}

}  // namespace
}  // namespace oasis::losses
