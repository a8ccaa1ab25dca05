#include "oasis/nn/initialise.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <torch/utils.h>

#include <cmath>

namespace oasis::nn {

at::Generator make_generator(std::uint64_t seed) {
  return at::make_generator<at::CPUGeneratorImpl>(seed);
}

void fill_uniform(at::Tensor& parameter, double bound, at::Generator& generator) {
  const torch::NoGradGuard no_grad;
  parameter.copy_(at::empty(parameter.sizes(), at::kFloat).uniform_(-bound, bound, generator));
}

void fill_normal(at::Tensor& parameter, double deviation, at::Generator& generator) {
  const torch::NoGradGuard no_grad;
  parameter.copy_(at::empty(parameter.sizes(), at::kFloat).normal_(0.0, deviation, generator));
}

void fill_xavier(at::Tensor& parameter, at::Generator& generator) {
  const auto fan_out = static_cast<double>(parameter.size(0));
  const double fan_in = static_cast<double>(parameter.numel()) / fan_out;
  fill_uniform(parameter, std::sqrt(6.0 / (fan_in + fan_out)), generator);
}

void fill_constant(at::Tensor& parameter, double value) {
  const torch::NoGradGuard no_grad;
  parameter.fill_(value);
}

}  // namespace oasis::nn
