#include "model/activated_conv.h"

#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/types.h>

#include <optional>
#include <string_view>

#include "oasis/nn/recompute.h"

namespace oasis::model {
namespace {

/// torch's oneDNN convolution with an activation behind it, which compiled graphs use; nothing in
/// builds without it.
const std::optional<c10::OperatorHandle>& fused_operator() {
  static const auto handle =
      c10::Dispatcher::singleton().findSchema({"mkldnn::_convolution_pointwise", ""});
  return handle;
}

/// Whether oneDNN has convolutions of a data type for this processor; it refuses bfloat16 on those
/// without AVX-512, where torch falls back to its own.
bool has_convolutions(at::ScalarType type) {
#if defined(__x86_64__)
  if (type == at::kFloat) return true;
  static const bool wide = __builtin_cpu_supports("avx512bw") &&
                           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  return type == at::kBFloat16 && wide;
#else
  static_cast<void>(type);
  return false;
#endif
}

bool in_one_pass(const at::Tensor& frames, const at::Tensor& weight) {
  return !nn::is_training() && frames.device().is_cpu() && frames.numel() > 0 &&
         weight.scalar_type() == frames.scalar_type() && has_convolutions(frames.scalar_type()) &&
         at::globalContext().userEnabledMkldnn() && fused_operator().has_value();
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
  fused_operator()->callBoxed(stack);
  return stack.front().toTensor();
}

}  // namespace oasis::model
