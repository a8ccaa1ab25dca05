#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

namespace oasis::nn {

/// y = x Wᵀ + b with `weight` [out, in] and `bias` [out]. Unlike torch's own layer it is allocated
/// once, without initial values, in its final dtype and on its final device.
class LinearImpl : public torch::nn::Module {
 public:
  LinearImpl(std::int64_t in, std::int64_t out, const at::TensorOptions& options);

  /// x `[..., in]` -> `[..., out]` in the dtype of `x`; weights of another dtype are cast for the
  /// call, so give `x` the weights' dtype where speed matters.
  at::Tensor forward(const at::Tensor& x) const;

  /// Xavier-uniform weight, zero bias.
  void reset_parameters(at::Generator& generator);

  /// From now on `value` `[out, in]` is the weight, also among `parameters()`; gradients go where
  /// it came from.
  void replace_weight(const at::Tensor& value);

  at::Tensor weight;
  at::Tensor bias;
};
TORCH_MODULE(Linear);

}  // namespace oasis::nn
