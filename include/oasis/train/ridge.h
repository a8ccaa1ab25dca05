#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace oasis::train {

/// How well a linear map explains its targets.
struct FitQuality {
  double r2 = 0;         ///< 1 - residual sum of squares / sum of squares about the mean
  double rmse = 0;       ///< root mean square of the residual
  double deviation = 0;  ///< standard deviation of the target
};

/// A linear map found by regression.
struct RidgeFit {
  at::Tensor weight;  ///< [outputs, inputs], float64, CPU
  at::Tensor bias;    ///< [outputs], float64, CPU
  std::vector<FitQuality> channels;
  FitQuality all;         ///< over all outputs, residuals and squares added
  std::int64_t rows = 0;  ///< pairs seen
};

/// Ridge regression of y on x with a bias, from normal matrices accumulated in float64, so that
/// any number of pairs takes the memory of the matrices.
class RidgeRegression {
 public:
  RidgeRegression(std::int64_t inputs, std::int64_t outputs);

  /// x `[N, inputs]`, y `[N, outputs]`, any floating dtype, on one device (always the same).
  void add(const at::Tensor& x, const at::Tensor& y);

  /// Solves (X'X + lambda I) W = X'Y, X with a column of ones for the bias, lambda = `strength` *
  /// trace(X'X) / (inputs + 1) (wan21-vae.md section 9). `oasis::Error` without a pair, and if the
  /// pairs were not finite.
  RidgeFit solve(double strength = 1e-3) const;

 private:
  std::int64_t inputs_;
  std::int64_t outputs_;
  std::int64_t rows_ = 0;
  at::Tensor gram_;     ///< [inputs + 1, inputs + 1]
  at::Tensor cross_;    ///< [inputs + 1, outputs]
  at::Tensor squares_;  ///< [outputs], sums of y^2
};

}  // namespace oasis::train
