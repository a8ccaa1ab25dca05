#include "oasis/nn/layer_norm.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/layer_norm.h>

#include "nn/fused_kernels.h"
#include "oasis/nn/initialise.h"

namespace oasis::nn {

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                      double eps) {
  return layer_norm(x, scale, shift, eps, x.scalar_type());
}

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                      double eps, at::ScalarType dtype) {
#ifdef OASIS_WITH_CUDA
  if (fused_kernels_serve(x) && dtype != at::kDouble) {
    return fused_layer_norm(x, scale, shift, eps, dtype);
  }
#endif
  return at::layer_norm(x, {x.size(-1)}, scale, shift, eps).to(dtype);
}

LayerNormImpl::LayerNormImpl(std::int64_t channels, double eps, const at::TensorOptions& options)
    : weight(register_parameter("weight", at::empty({channels}, options))),
      bias(register_parameter("bias", at::empty({channels}, options))),
      eps_(eps) {}

at::Tensor LayerNormImpl::forward(const at::Tensor& x) const { return forward(x, x.scalar_type()); }

at::Tensor LayerNormImpl::forward(const at::Tensor& x, at::ScalarType dtype) const {
  return layer_norm(x, weight.to(x.scalar_type()), bias.to(x.scalar_type()), eps_, dtype);
}

void LayerNormImpl::reset_parameters() {
  fill_constant(weight, 1.0);
  fill_constant(bias, 0.0);
}

}  // namespace oasis::nn
