#include "oasis/model/empty_prompt.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/utils.h>

#include <string>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/nn/rms_norm.h"

namespace oasis::model {
namespace {

constexpr std::int64_t kEndOfText = 1;
constexpr double kEps = 1e-6;

/// The tensors of one layer, without ".weight".
struct LayerNames {
  std::string norm1, v, o, norm2, gate, fc1, fc2;
};

LayerNames layer_names(T5Naming naming, std::int64_t layer) {
  if (naming == T5Naming::official) {
    const auto block = fmt::format("blocks.{}.", layer);
    return {block + "norm1",      block + "attn.v",  block + "attn.o", block + "norm2",
            block + "ffn.gate.0", block + "ffn.fc1", block + "ffn.fc2"};
  }
  const auto attention = fmt::format("encoder.block.{}.layer.0.", layer);
  const auto feed_forward = fmt::format("encoder.block.{}.layer.1.", layer);
  return {attention + "layer_norm",
          attention + "SelfAttention.v",
          attention + "SelfAttention.o",
          feed_forward + "layer_norm",
          feed_forward + "DenseReluDense.wi_0",
          feed_forward + "DenseReluDense.wi_1",
          feed_forward + "DenseReluDense.wo"};
}

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
  throw Error(ExitCode::unreadable_input,
              fmt::format("the text encoder's tensor '{}' {}", name, what));
}

at::Tensor fetch(const TensorSource& source, const std::string& layer) {
  const auto name = layer + ".weight";
  const auto tensor = source(name);
  if (!tensor.defined()) refuse(name, "is missing");
  return tensor;
}

/// weight · x for x `[in]`.
at::Tensor apply(const TensorSource& source, const std::string& layer, const at::Tensor& x) {
  const auto weight = fetch(source, layer);
  if (weight.dim() != 2 || weight.size(1) != x.size(0)) {
    refuse(layer + ".weight", fmt::format("has the shape [{}], but takes {} values",
                                          fmt::join(weight.sizes(), ", "), x.size(0)));
  }
  return weight.to(at::kCPU, at::kFloat).mv(x);
}

at::Tensor normalised(const TensorSource& source, const std::string& layer, const at::Tensor& x) {
  const auto weight = fetch(source, layer);
  if (weight.sizes() != x.sizes()) refuse(layer + ".weight", "has another width than its input");
  return x * nn::inverse_rms(x, kEps) * weight.to(at::kCPU, at::kFloat);
}

at::Tensor embed_end_of_text(const TensorSource& source, T5Naming naming) {
  std::vector<std::string> names = {"token_embedding"};
  if (naming == T5Naming::transformers) names = {"shared", "encoder.embed_tokens"};
  for (const auto& name : names) {
    const auto table = source(name + ".weight");
    if (!table.defined()) continue;
    if (table.dim() != 2 || table.size(0) <= kEndOfText) refuse(name + ".weight", "is no table");
    return table[kEndOfText].to(at::kCPU, at::kFloat);
  }
  refuse(names.front() + ".weight", "is missing");
}

}  // namespace

at::Tensor empty_prompt_context(const TensorSource& source, T5Naming naming, std::int64_t layers) {
  const torch::NoGradGuard no_grad;
  auto x = embed_end_of_text(source, naming);
  for (std::int64_t i = 0; i < layers; ++i) {
    const auto names = layer_names(naming, i);
    x = x + apply(source, names.o, apply(source, names.v, normalised(source, names.norm1, x)));
    const auto n = normalised(source, names.norm2, x);
    const auto gate = at::gelu(apply(source, names.gate, n), "tanh");
    x = x + apply(source, names.fc2, apply(source, names.fc1, n) * gate);
  }
  const auto* last = naming == T5Naming::official ? "norm" : "encoder.final_layer_norm";
  return normalised(source, last, x).unsqueeze(0);
}

}  // namespace oasis::model
