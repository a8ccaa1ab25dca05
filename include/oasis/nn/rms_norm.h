#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

namespace oasis::nn {

/// 1 / sqrt(mean(x²) + eps) over the last dimension, which is kept as 1. Statistics and result are
/// float32, or float64 for float64 input.
at::Tensor inverse_rms(const at::Tensor& x, double eps);

/// x * inverse_rms(x) * weight over the last dimension; `weight` `[channels]`.
class RmsNormImpl : public torch::nn::Module {
 public:
  RmsNormImpl(std::int64_t channels, double eps, const at::TensorOptions& options);

  /// x `[..., channels]` -> the same shape in float32, or float64 for float64 input. Where no
  /// gradient is recorded and `x` has that dtype already, the result takes the place of `x`.
  at::Tensor forward(const at::Tensor& x) const;

  /// Weight 1.
  void reset_parameters();

  double eps() const { return eps_; }

  at::Tensor weight;

 private:
  double eps_;
};
TORCH_MODULE(RmsNorm);

}  // namespace oasis::nn
