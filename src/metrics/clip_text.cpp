#include "oasis/metrics/clip_text.h"

#include <ATen/Functions.h>
#include <ATen/TensorIndexing.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/nn/parameter_store.h"

namespace oasis::metrics {
namespace {

struct Norm {
  Norm(nn::ParameterStore& store, const std::string& name, std::int64_t width)
      : weight(store.add(name + ".weight", {width})), bias(store.add(name + ".bias", {width})) {}
  at::Tensor operator()(const at::Tensor& x) const {
    return at::layer_norm(x, {x.size(-1)}, weight, bias, 1e-5);
  }
  at::Tensor weight, bias;
};

struct Linear {
  Linear(nn::ParameterStore& store, const std::string& weight_name, const std::string& bias_name,
         std::int64_t in, std::int64_t out)
      : weight(store.add(weight_name, {out, in})), bias(store.add(bias_name, {out})) {}
  at::Tensor operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }
  at::Tensor weight, bias;
};

// A pre-norm transformer block; each position sees itself and what stands before it.
struct Block {
  Block(nn::ParameterStore& store, const std::string& name, std::int64_t width,
        std::int64_t head_count)
      : norm_1(store, name + "ln_1", width),
        norm_2(store, name + "ln_2", width),
        qkv(store, name + "attn.in_proj_weight", name + "attn.in_proj_bias", width, 3 * width),
        out(store, name + "attn.out_proj.weight", name + "attn.out_proj.bias", width, width),
        fc(store, name + "mlp.c_fc.weight", name + "mlp.c_fc.bias", width, 4 * width),
        project(store, name + "mlp.c_proj.weight", name + "mlp.c_proj.bias", 4 * width, width),
        heads(head_count) {}

  at::Tensor attend(const at::Tensor& x, const at::Tensor& mask) const {
    const std::int64_t dim = x.size(2) / heads;
    // [3, n, heads, length, dim]
    const at::Tensor parts =
        qkv(x).view({x.size(0), x.size(1), 3, heads, dim}).permute({2, 0, 3, 1, 4});
    const at::Tensor q = parts[0] / std::sqrt(static_cast<double>(dim));
    const at::Tensor weights = (at::matmul(q, parts[1].transpose(2, 3)) + mask).softmax(-1);
    return out(at::matmul(weights, parts[2]).transpose(1, 2).flatten(2));
  }

  at::Tensor operator()(const at::Tensor& x, const at::Tensor& mask) const {
    const at::Tensor y = x + attend(norm_1(x), mask);
    const at::Tensor hidden = fc(norm_2(y));
    return y + project(hidden * at::sigmoid(1.702 * hidden));
  }

  Norm norm_1, norm_2;
  Linear qkv, out, fc, project;
  std::int64_t heads;
};

}  // namespace

struct ClipText::Network {
  Network(const ClipTextConfig& config, const c10::TensorOptions& options)
      : store(options),
        tokens(store.add("token_embedding.weight", {config.vocab_size, config.width})),
        positions(store.add("positional_embedding", {config.context_length, config.width})),
        norm(store, "ln_final", config.width),
        projection(store.add("text_projection", {config.width, config.embed_dim})) {
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
      blocks.emplace_back(store, fmt::format("transformer.resblocks.{}.", layer), config.width,
                          config.heads);
    }
  }

  nn::ParameterStore store;
  at::Tensor tokens, positions;
  Norm norm;
  at::Tensor projection;
  std::vector<Block> blocks;
};

ClipText::ClipText(const ClipTextConfig& config, const c10::TensorOptions& options)
    : network_(std::make_unique<Network>(config, options)) {}

ClipText::~ClipText() = default;

void ClipText::load(const checkpoint::StateDict& weights, const std::string& what) {
  checkpoint::load_strictly(network_->store.items(), weights, what);
}

at::Tensor ClipText::forward(const at::Tensor& tokens) const {
  const std::int64_t length = network_->positions.size(0);
  if (tokens.dim() != 2 || tokens.size(1) != length) {
    throw Error(fmt::format("CLIP's text tower needs tokens [n, {}], not [{}]", length,
                            fmt::join(tokens.sizes(), ", ")));
  }
  at::Tensor x = at::embedding(network_->tokens, tokens) + network_->positions;
  const at::Tensor mask =
      at::full({length, length}, -std::numeric_limits<double>::infinity(), x.options()).triu(1);
  for (const Block& block : network_->blocks) x = block(x, mask);
  const at::Tensor end = tokens.argmax(1);
  const at::Tensor rows = at::arange(tokens.size(0), end.options());
  return at::matmul(network_->norm(x.index({rows, end})), network_->projection);
}

}  // namespace oasis::metrics
