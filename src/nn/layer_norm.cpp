#include "oasis/nn/layer_norm.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/layer_norm.h>

#include "oasis/nn/initialise.h"

namespace oasis::nn {

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                      double eps) {
  return at::layer_norm(x, {x.size(-1)}, scale, shift, eps);
}

LayerNormImpl::LayerNormImpl(std::int64_t channels, double eps, const at::TensorOptions& options)
    : weight(register_parameter("weight", at::empty({channels}, options))),
      bias(register_parameter("bias", at::empty({channels}, options))),
      eps_(eps) {}

at::Tensor LayerNormImpl::forward(const at::Tensor& x) const {
  return layer_norm(x, weight.to(x.scalar_type()), bias.to(x.scalar_type()), eps_);
}

void LayerNormImpl::reset_parameters() {
  fill_constant(weight, 1.0);
  fill_constant(bias, 0.0);
}

}  // namespace oasis::nn
