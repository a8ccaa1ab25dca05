#include "oasis/nn/rms_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_vector_norm.h>

#include "oasis/nn/initialise.h"
#include "oasis/nn/recompute.h"

namespace oasis::nn {
namespace {

at::ScalarType statistics_dtype(const at::Tensor& x) {
  return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

}  // namespace

at::Tensor inverse_rms(const at::Tensor& x, double eps) {
  const auto dtype = statistics_dtype(x);
  if (is_training()) {
    // The derivative of a norm is undefined at zero, that of the mean square is not.
    return x.to(dtype).square().mean(-1, true).add(eps).rsqrt();
  }
  auto norm = at::linalg_vector_norm(x, 2, at::IntArrayRef{-1}, true, dtype);
  return norm.square_().div_(static_cast<double>(x.size(-1))).add_(eps).rsqrt_();
}

RmsNormImpl::RmsNormImpl(std::int64_t channels, double eps, const at::TensorOptions& options)
    : weight(register_parameter("weight", at::empty({channels}, options))), eps_(eps) {}

at::Tensor RmsNormImpl::forward(const at::Tensor& x) const {
  const auto dtype = statistics_dtype(x);
  const auto inverse = inverse_rms(x, eps_);
  auto wide = x.to(dtype);
  const auto gain = weight.to(dtype);
  if (at::GradMode::is_enabled()) return wide * inverse * gain;
  return wide.mul_(inverse).mul_(gain);
}

void RmsNormImpl::reset_parameters() { fill_constant(weight, 1.0); }

}  // namespace oasis::nn
