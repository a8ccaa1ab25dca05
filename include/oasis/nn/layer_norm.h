#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

namespace oasis::nn {

/// (x - mean) / sqrt(variance + eps) * scale + shift over the last dimension; biased variance.
/// `scale` and `shift` are `[channels]` in the dtype of `x`: modulation rows serve as well as
/// weights, at no more cost than the plain norm.
at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                      double eps);

/// The same with the result in `dtype`. CUDA tensors whose gradient is not recorded take one kernel
/// that rounds once; statistics are float32 there.
at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                      double eps, at::ScalarType dtype);

/// LayerNorm with `weight` and `bias` `[channels]`.
class LayerNormImpl : public torch::nn::Module {
 public:
  LayerNormImpl(std::int64_t channels, double eps, const at::TensorOptions& options);

  /// x `[..., channels]` -> the same shape and dtype; parameters are cast to that of `x`.
  at::Tensor forward(const at::Tensor& x) const;
  /// The same with the result in `dtype`.
  at::Tensor forward(const at::Tensor& x, at::ScalarType dtype) const;

  /// Weight 1, bias 0.
  void reset_parameters();

  at::Tensor weight;
  at::Tensor bias;

 private:
  double eps_;
};
TORCH_MODULE(LayerNorm);

}  // namespace oasis::nn
