#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

/// Initial values. They are drawn on the CPU in float32 and then copied, so that a seed gives the
/// same values on every device and, up to rounding, in every dtype.
namespace oasis::nn {

/// A CPU generator that begins at `seed`.
at::Generator make_generator(std::uint64_t seed);

/// Uniform in [-bound, bound].
void fill_uniform(at::Tensor& parameter, double bound, at::Generator& generator);

/// Normal with mean 0.
void fill_normal(at::Tensor& parameter, double deviation, at::Generator& generator);

/// Xavier (Glorot) uniform: the bound is sqrt(6 / (fan_in + fan_out)), with fan_out the first
/// dimension and fan_in the product of the others.
void fill_xavier(at::Tensor& parameter, at::Generator& generator);

/// Every element `value`.
void fill_constant(at::Tensor& parameter, double value);

}  // namespace oasis::nn
