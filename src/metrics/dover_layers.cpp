#include "metrics/dover_layers.h"

#include <fmt/format.h>

#include "oasis/core/error.h"

namespace oasis::metrics {
namespace {

bool begins_with(const std::string& name, const std::string& prefix) {
  return name.rfind(prefix, 0) == 0;
}

// A 1x1x1 convolution of channels that lie last.
at::Tensor pointwise(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return at::linear(x, weight.reshape({weight.size(0), weight.size(1)}), bias);
}

}  // namespace

DoverNorm::DoverNorm(nn::ParameterStore& store, const std::string& name, std::int64_t channels,
                     double epsilon)
    : weight(store.add(name + ".weight", {channels})),
      bias(store.add(name + ".bias", {channels})),
      eps(epsilon) {}

at::Tensor DoverNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, eps);
}

DoverLinear::DoverLinear(nn::ParameterStore& store, const std::string& name, std::int64_t in,
                         std::int64_t out)
    : weight(store.add(name + ".weight", {out, in})), bias(store.add(name + ".bias", {out})) {}

at::Tensor DoverLinear::operator()(const at::Tensor& x) const {
  return at::linear(x, weight, bias);
}

DoverHead::DoverHead(nn::ParameterStore& store, const std::string& name, std::int64_t channels,
                     std::int64_t hidden)
    : hidden_weight(store.add(name + "fc_hid.weight", {hidden, channels, 1, 1, 1})),
      hidden_bias(store.add(name + "fc_hid.bias", {hidden})),
      last_weight(store.add(name + "fc_last.weight", {1, hidden, 1, 1, 1})),
      last_bias(store.add(name + "fc_last.bias", {1})) {}

DoverBranchOutput DoverHead::operator()(const at::Tensor& x) const {
  const at::Tensor hidden = at::gelu(pointwise(x, hidden_weight, hidden_bias));
  const at::Tensor map = pointwise(hidden, last_weight, last_bias);
  return {x.permute({0, 4, 1, 2, 3}), map.permute({0, 4, 1, 2, 3}), map.flatten(1).mean(1)};
}

checkpoint::StateDict dover_branch_weights(const checkpoint::StateDict& weights,
                                           const std::string& branch) {
  const std::string other = branch == "technical" ? "aesthetic" : "technical";
  checkpoint::StateDict chosen;
  for (const auto& [name, tensor] : weights) {
    const bool elsewhere =
        begins_with(name, other + "_backbone.") || begins_with(name, other + "_head.");
    const bool buffer = name.find(".relative_position_index") != std::string::npos;
    if (!elsewhere && !buffer) chosen.emplace(name, tensor);
  }
  return chosen;
}

void require_dover_video(const at::Tensor& video, std::int64_t frames, std::int64_t side) {
  if (video.dim() == 5 && video.size(1) == 3 && video.size(2) >= frames && video.size(3) >= side &&
      video.size(4) >= side) {
    return;
  }
  throw Error(
      fmt::format("DOVER's network needs clips [N, 3, T, H, W] of at least {0} frames of "
                  "{1}x{1} pixels, not [{2}]",
                  frames, side, fmt::join(video.sizes(), ", ")));
}

}  // namespace oasis::metrics
