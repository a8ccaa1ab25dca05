#include "model/activated_conv.h"

#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <torch/types.h>

#include <optional>
#include <string_view>

namespace oasis::model {
namespace {

bool in_one_pass(const at::Tensor& frames, const at::Tensor& weight) {
  return !at::GradMode::is_enabled() && frames.device().is_cpu() && frames.numel() > 0 &&
         weight.scalar_type() == frames.scalar_type() &&
         (frames.scalar_type() == at::kFloat || frames.scalar_type() == at::kBFloat16) &&
         at::globalContext().userEnabledMkldnn();
}

/// torch's oneDNN convolution with an activation behind it, which compiled graphs use.
const c10::OperatorHandle& fused_operator() {
  static const c10::OperatorHandle handle =
      c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_convolution_pointwise", "");
  return handle;
}

}  // namespace

at::Tensor conv_same(const at::Tensor& frames, const at::Tensor& weight, const at::Tensor& bias) {
  const std::int64_t side = weight.size(2) / 2;
  return at::conv2d(frames, weight, bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt,
                    at::IntArrayRef({1, 1}), at::IntArrayRef({side, side}));
}

at::Tensor& activate(at::Tensor& x, double negative_slope) {
  return negative_slope == 0 ? x.relu_() : at::leaky_relu_(x, negative_slope);
}

at::Tensor activated_conv(const at::Tensor& frames, const at::Tensor& weight,
                          const at::Tensor& bias, double negative_slope) {
  if (!in_one_pass(frames, weight)) {
    at::Tensor y = conv_same(frames, weight, bias);
    return activate(y, negative_slope);
  }
  const std::int64_t side = weight.size(2) / 2;
  c10::List<std::optional<at::Scalar>> scalars;
  std::string_view activation = "relu";
  if (negative_slope != 0) {
    activation = "leaky_relu";
    scalars.push_back(at::Scalar(negative_slope));
  }
  torch::jit::Stack stack;
  torch::jit::push(stack, frames, weight, bias.defined() ? c10::IValue(bias) : c10::IValue(),
                   c10::List<std::int64_t>({side, side}), c10::List<std::int64_t>({1, 1}),
                   c10::List<std::int64_t>({1, 1}), std::int64_t{1}, std::string(activation),
                   scalars, c10::IValue());
  fused_operator().callBoxed(stack);
  return stack.front().toTensor();
}

}  // namespace oasis::model
