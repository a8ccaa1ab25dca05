#include "oasis/train/ridge.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "oasis/core/error.h"

namespace oasis::train {
namespace {

/// Rounding can leave a vanishing sum of squares below zero.
FitQuality quality(double residual, double about_mean, double count) {
  residual = std::max(residual, 0.0);
  about_mean = std::max(about_mean, 0.0);
  FitQuality result;
  result.r2 = about_mean > 0 ? 1 - residual / about_mean : 0.0;
  result.rmse = std::sqrt(residual / count);
  result.deviation = std::sqrt(about_mean / count);
  return result;
}

std::vector<double> values(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous();
  const auto* first = flat.const_data_ptr<double>();
  return {first, first + flat.numel()};
}

}  // namespace

RidgeRegression::RidgeRegression(std::int64_t inputs, std::int64_t outputs)
    : inputs_(inputs), outputs_(outputs) {}

void RidgeRegression::add(const at::Tensor& x, const at::Tensor& y) {
  if (x.dim() != 2 || y.dim() != 2 || x.size(0) != y.size(0) || x.size(1) != inputs_ ||
      y.size(1) != outputs_) {
    throw Error(fmt::format("regression of {} values on {}: pairs of [{}] and [{}]", outputs_,
                            inputs_, fmt::join(x.sizes(), ", "), fmt::join(y.sizes(), ", ")));
  }
  const torch::NoGradGuard no_grad;
  const at::Tensor wide = x.to(at::kDouble);
  const at::Tensor design = at::cat({wide, at::ones({x.size(0), 1}, wide.options())}, 1);
  const at::Tensor target = y.to(at::kDouble);
  if (!gram_.defined()) {
    gram_ = at::zeros({inputs_ + 1, inputs_ + 1}, wide.options());
    cross_ = at::zeros({inputs_ + 1, outputs_}, wide.options());
    squares_ = at::zeros({outputs_}, wide.options());
  }
  gram_.addmm_(design.t(), design);
  cross_.addmm_(design.t(), target);
  squares_.add_(target.square().sum(0));
  rows_ += x.size(0);
}

RidgeFit RidgeRegression::solve(double strength) const {
  if (rows_ == 0) throw Error("regression without a pair");
  const torch::NoGradGuard no_grad;
  const at::Tensor gram = gram_.cpu();
  const at::Tensor cross = cross_.cpu();
  if (!gram.isfinite().all().item<bool>() || !cross.isfinite().all().item<bool>()) {
    throw Error("regression: the values are not finite");
  }
  const double lambda = strength * gram.trace().item<double>() / static_cast<double>(inputs_ + 1);
  const at::Tensor penalty = lambda * at::eye(inputs_ + 1, gram.options());
  const at::Tensor solution = at::linalg_solve(gram + penalty, cross);  // [inputs + 1, outputs]

  RidgeFit fit;
  fit.weight = solution.narrow(0, 0, inputs_).t().contiguous();
  fit.bias = solution[inputs_].contiguous();
  fit.rows = rows_;
  const double count = static_cast<double>(rows_);
  const at::Tensor squares = squares_.cpu();
  const auto residual =
      values(squares - 2 * (solution * cross).sum(0) + (solution * at::mm(gram, solution)).sum(0));
  const auto about_mean = values(squares - cross[inputs_].square() / count);
  double residual_sum = 0;
  double mean_sum = 0;
  for (std::size_t i = 0; i < residual.size(); ++i) {
    fit.channels.push_back(quality(residual[i], about_mean[i], count));
    residual_sum += std::max(residual[i], 0.0);
    mean_sum += std::max(about_mean[i], 0.0);
  }
  fit.all = quality(residual_sum, mean_sum, count * static_cast<double>(outputs_));
  return fit;
}

}  // namespace oasis::train
