#include "oasis/nn/linear.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>

#include "oasis/nn/initialise.h"

namespace oasis::nn {

LinearImpl::LinearImpl(std::int64_t in, std::int64_t out, const at::TensorOptions& options)
    : weight(register_parameter("weight", at::empty({out, in}, options))),
      bias(register_parameter("bias", at::empty({out}, options))) {}

at::Tensor LinearImpl::forward(const at::Tensor& x) const {
  return at::linear(x, weight.to(x.scalar_type()), bias.to(x.scalar_type()));
}

void LinearImpl::replace_weight(const at::Tensor& value) {
  weight = value;
  parameters_["weight"] = value;
}

void LinearImpl::reset_parameters(at::Generator& generator) {
  fill_xavier(weight, generator);
  fill_constant(bias, 0.0);
}

}  // namespace oasis::nn
