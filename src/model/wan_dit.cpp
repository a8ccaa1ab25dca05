#include "oasis/model/wan_dit.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/silu.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/utils.h>

#include <cmath>
#include <string>

#include "oasis/core/error.h"
#include "oasis/nn/initialise.h"
#include "oasis/nn/recompute.h"

namespace oasis::model {
namespace {

using Activation = TwoLayerPerceptron::Activation;

const WanDitConfig& valid(const WanDitConfig& config) {
  validate(config);
  return config;
}

}  // namespace

WanDit::WanDit(const WanDitConfig& config, const at::TensorOptions& options)
    : config_(valid(config)),
      compute_dtype_(c10::typeMetaToScalarType(options.dtype())),
      rope_(config.head_dim()) {
  const auto d = config.dim;
  const auto group = [this](const char* name) {
    return register_module(name, std::make_shared<torch::nn::Module>());
  };
  const auto patch = group("patch_embedding");
  patch_weight_ =
      patch->register_parameter("weight", at::empty({d, config.in_channels, 1, 2, 2}, options));
  patch_bias_ = patch->register_parameter("bias", at::empty({d}, options));
  text_embedding_ = register_module(
      "text_embedding",
      std::make_shared<TwoLayerPerceptron>(config.text_dim, d, d, Activation::gelu_tanh, options));
  time_embedding_ = register_module(
      "time_embedding",
      std::make_shared<TwoLayerPerceptron>(config.freq_dim, d, d, Activation::silu, options));
  time_projection_ = group("time_projection")->register_module("1", nn::Linear(d, 6 * d, options));
  const auto blocks = group("blocks");
  for (std::int64_t i = 0; i < config.layers; ++i) {
    blocks_.push_back(
        blocks->register_module(std::to_string(i), std::make_shared<WanDitBlock>(config, options)));
  }
  const auto head = group("head");
  head_modulation_ = head->register_parameter("modulation", at::empty({1, 2, d}, options));
  head_ = head->register_module("head", nn::Linear(d, 4 * config.out_channels, options));
}

void WanDit::set_head_kinds(const std::vector<std::vector<nn::HeadKind>>& kinds,
                            const nn::AttentionWindow& window) {
  if (kinds.size() != blocks_.size()) {
    throw Error(ExitCode::usage, fmt::format("the head map has {} layers, the model {}",
                                             kinds.size(), blocks_.size()));
  }
  for (const auto& row : kinds) {
    if (static_cast<std::int64_t>(row.size()) != config_.num_heads) {
      throw Error(ExitCode::usage, fmt::format("the head map has {} heads in a layer, the model {}",
                                               row.size(), config_.num_heads));
    }
  }
  nn::check_window(window);
  for (std::size_t i = 0; i < kinds.size(); ++i) blocks_[i]->head_kinds = kinds[i];
  window_ = window;
}

void WanDit::set_attention_observer(
    const std::function<void(std::int64_t, const at::Tensor&, const at::Tensor&)>& observer) {
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (!observer) {
      blocks_[i]->set_attention_observer({});
      continue;
    }
    const auto layer = static_cast<std::int64_t>(i);
    blocks_[i]->set_attention_observer(
        [observer, layer](const at::Tensor& q, const at::Tensor& k) { observer(layer, q, k); });
  }
}

at::ScalarType WanDit::stream_dtype() const {
  return compute_dtype_ == at::kDouble ? at::kDouble : at::kFloat;
}

WanDit::TimeRows WanDit::time_rows(double t) const {
  const auto sinusoid = time_sinusoid(t, config_.freq_dim).to(patch_bias_.device(), stream_dtype());
  const auto embedding = time_embedding_->forward(sinusoid.unsqueeze(0));
  const auto projection = time_projection_->forward(at::silu(embedding));
  return {embedding.view({config_.dim}), projection.view({6, config_.dim})};
}

BlockInputs WanDit::block_inputs(const at::Tensor& latent) {
  if (latent.dim() != 5 || latent.size(1) != config_.in_channels || latent.numel() == 0 ||
      latent.size(3) % 2 != 0 || latent.size(4) % 2 != 0) {
    throw Error(
        fmt::format("the transformer takes latents [B, {}, T, H, W] with even H and W, not "
                    "[{}]",
                    config_.in_channels, fmt::join(latent.sizes(), ", ")));
  }
  const TokenGrid grid{latent.size(2), latent.size(3) / 2, latent.size(4) / 2};
  return {grid, rope_.get(grid, stream_dtype(), patch_bias_.device()), window_, compute_dtype_};
}

/// The patch embedding as a matrix product: in a patch the channel is slowest.
at::Tensor WanDit::embed_patches(const at::Tensor& latent, const TokenGrid& grid) const {
  const auto dtype = stream_dtype();
  const auto batch = latent.size(0);
  const auto patches =
      latent.to(patch_bias_.device(), dtype)
          .reshape({batch, config_.in_channels, grid.frames, grid.rows, 2, grid.cols, 2})
          .permute({0, 2, 3, 5, 1, 4, 6})
          .reshape({batch, grid.count(), 4 * config_.in_channels});
  return at::linear(patches, patch_weight_.view({config_.dim, -1}).to(dtype),
                    patch_bias_.to(dtype));
}

/// Norm, modulation, projection and unpatchify: in the result of a token the channel is fastest.
at::Tensor WanDit::project_head(const at::Tensor& x, const at::Tensor& time_embedding,
                                const TokenGrid& grid) const {
  const auto m = (head_modulation_[0].to(x.scalar_type()) + time_embedding).unbind(0);
  const auto y = head_->forward(nn::layer_norm(x, m[1] + 1.0, m[0], config_.eps));
  return y.view({x.size(0), grid.frames, grid.rows, grid.cols, 2, 2, config_.out_channels})
      .permute({0, 6, 1, 2, 4, 3, 5})
      .reshape({x.size(0), config_.out_channels, grid.frames, 2 * grid.rows, 2 * grid.cols});
}

at::Tensor WanDit::recomputed(const WanDitBlock& block, const at::Tensor& x,
                              const at::Tensor& time_rows, const ContextRows& rows,
                              const BlockInputs& inputs) const {
  const auto part = [&block, inputs, counts = rows.log_counts](const auto& in) {
    // Without gradients a block updates its tokens in place.
    const at::Tensor tokens = at::GradMode::is_enabled() ? in[0] : in[0].clone();
    return block.forward(tokens, in[1], {in[2], counts}, inputs);
  };
  return nn::recompute(part, {x, time_rows, rows.rows}, block.parameters());
}

at::Tensor WanDit::forward(const at::Tensor& latent, double t, const at::Tensor& context) {
  const auto inputs = block_inputs(latent);
  const auto time = time_rows(t);
  const auto rows = embed_context(*text_embedding_, context, config_, compute_dtype_);
  auto x = embed_patches(latent, inputs.grid);
  for (const auto& block : blocks_) {
    x = recompute_ ? recomputed(*block, x, time.projection, rows, inputs)
                   : block->forward(x, time.projection, rows, inputs);
  }
  return project_head(x, time.embedding, inputs.grid);
}

void WanDit::fold_conditioning(double t, const at::Tensor& context) {
  const torch::NoGradGuard no_grad;
  const auto time = time_rows(t);
  const auto rows = embed_context(*text_embedding_, context, config_, stream_dtype());
  Folded folded{time.embedding, {}};
  for (const auto& block : blocks_) folded.blocks.push_back(block->fold(time.projection, rows));
  folded_ = std::move(folded);
}

at::Tensor WanDit::forward_folded(const at::Tensor& latent) {
  if (!folded_) throw Error("the transformer has no folded conditioning: call fold_conditioning");
  const torch::NoGradGuard no_grad;
  const auto inputs = block_inputs(latent);
  auto x = embed_patches(latent, inputs.grid);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    blocks_[i]->forward_folded(x, folded_->blocks[i], inputs);
  }
  return project_head(x, folded_->time_embedding, inputs.grid);
}

void WanDit::reset_parameters(std::uint64_t seed) {
  auto generator = nn::make_generator(seed);
  const auto fan_in = static_cast<double>(4 * config_.in_channels);
  nn::fill_xavier(patch_weight_, generator);
  nn::fill_uniform(patch_bias_, 1.0 / std::sqrt(fan_in), generator);
  for (auto* layer : {&text_embedding_->first, &text_embedding_->second, &time_embedding_->first,
                      &time_embedding_->second}) {
    nn::fill_normal((*layer)->weight, 0.02, generator);
    nn::fill_constant((*layer)->bias, 0.0);
  }
  time_projection_->reset_parameters(generator);
  for (const auto& block : blocks_) block->reset_parameters(generator);
  nn::fill_normal(head_modulation_, 1.0 / std::sqrt(static_cast<double>(config_.dim)), generator);
  nn::fill_constant(head_->weight, 0.0);
  nn::fill_constant(head_->bias, 0.0);
}

}  // namespace oasis::model
