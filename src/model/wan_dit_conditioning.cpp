#include "oasis/model/wan_dit_conditioning.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <utility>

#include "oasis/core/error.h"
#include "oasis/nn/gelu.h"

namespace oasis::model {

at::Tensor time_sinusoid(double t, std::int64_t length) {
  const auto half = length / 2;
  const auto exponents = at::arange(half, at::kDouble) * (-std::log(10000.0) / double(half));
  const auto angles = exponents.exp() * t;
  return at::cat({angles.cos(), angles.sin()});
}

TwoLayerPerceptron::TwoLayerPerceptron(std::int64_t in, std::int64_t hidden, std::int64_t out,
                                       Activation activation, const at::TensorOptions& options)
    : first(register_module("0", nn::Linear(in, hidden, options))),
      second(register_module("2", nn::Linear(hidden, out, options))),
      activation_(activation) {}

at::Tensor TwoLayerPerceptron::forward(const at::Tensor& x) const {
  auto hidden = first->forward(x);
  if (activation_ == Activation::silu) return second->forward(at::silu(hidden));
  return second->forward(nn::gelu_tanh(std::move(hidden)));
}

ContextRows embed_context(const TwoLayerPerceptron& text_embedding, const at::Tensor& context,
                          const WanDitConfig& config, at::ScalarType dtype) {
  const auto n = context.dim() == 2 ? context.size(0) : -1;
  if (n < 0 || n > config.text_len || (n > 0 && context.size(1) != config.text_dim)) {
    throw Error(fmt::format("the prompt must have at most {} rows of {} values, not the shape {}",
                            config.text_len, config.text_dim, fmt::join(context.sizes(), " x ")));
  }
  const auto options = context.options()
                           .dtype(dtype)
                           .device(text_embedding.first->weight.device())
                           .requires_grad(false);
  const auto padded = n < config.text_len ? 1 : 0;
  auto rows = at::zeros({padded, config.text_dim}, options);
  if (n > 0) rows = at::cat({context.to(options.device(), dtype), rows});
  const auto wide = dtype == at::kDouble ? at::kDouble : at::kFloat;
  auto log_counts = at::zeros({n + padded}, options.dtype(wide));
  if (padded == 1) log_counts[n] = std::log(static_cast<double>(config.text_len - n));
  return {text_embedding.forward(rows), log_counts};
}

}  // namespace oasis::model
