#include "oasis/model/wan_dit_block.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>

#include <cmath>

#include "oasis/nn/gated_residual.h"
#include "oasis/nn/initialise.h"

namespace oasis::model {
namespace {

at::Tensor modulated(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale,
                     double eps, at::ScalarType dtype) {
  return nn::layer_norm(x, scale + 1.0, shift, eps, dtype);
}

}  // namespace

WanDitBlock::WanDitBlock(const WanDitConfig& config, const at::TensorOptions& options)
    : modulation(register_parameter("modulation", at::empty({1, 6, config.dim}, options))),
      head_kinds(static_cast<std::size_t>(config.num_heads), nn::HeadKind::global),
      self_attn_(register_module("self_attn", std::make_shared<WanSelfAttention>(config, options))),
      norm3_(register_module("norm3", nn::LayerNorm(config.dim, config.eps, options))),
      cross_attn_(
          register_module("cross_attn", std::make_shared<WanCrossAttention>(config, options))),
      ffn_(register_module("ffn", std::make_shared<TwoLayerPerceptron>(
                                      config.dim, config.ffn_dim, config.dim,
                                      TwoLayerPerceptron::Activation::gelu_tanh, options))),
      eps_(config.eps) {}

at::Tensor WanDitBlock::add_self_attention(at::Tensor x, const std::vector<at::Tensor>& m,
                                           const BlockInputs& inputs) const {
  const auto y = modulated(x, m[0], m[1], eps_, inputs.compute_dtype);
  const auto added =
      self_attn_->forward(y, inputs.rotations, inputs.grid, head_kinds, inputs.window);
  return nn::add_gated(std::move(x), added, m[2]);
}

at::Tensor WanDitBlock::add_feed_forward(at::Tensor x, const std::vector<at::Tensor>& m,
                                         const BlockInputs& inputs) const {
  const auto y = modulated(x, m[3], m[4], eps_, inputs.compute_dtype);
  return nn::add_gated(std::move(x), ffn_->forward(y), m[5]);
}

at::Tensor WanDitBlock::forward(at::Tensor x, const at::Tensor& time_rows, const ContextRows& rows,
                                const BlockInputs& inputs) const {
  const auto m = (modulation[0].to(x.scalar_type()) + time_rows).unbind(0);
  x = add_self_attention(std::move(x), m, inputs);
  const auto n = norm3_->forward(x, inputs.compute_dtype);
  const auto added = cross_attn_->forward(n, cross_attn_->context(rows)).to(x.scalar_type());
  x = at::GradMode::is_enabled() ? x + added : x.add_(added);
  return add_feed_forward(std::move(x), m, inputs);
}

FoldedBlock WanDitBlock::fold(const at::Tensor& time_rows, const ContextRows& rows) const {
  FoldedBlock folded;
  folded.modulation = modulation[0].to(time_rows.scalar_type()) + time_rows;
  folded.context = cross_attn_->context(rows);
  if (WanCrossAttention::foldable(folded.context)) folded.cross = cross_attn_->fold(folded.context);
  return folded;
}

void WanDitBlock::forward_folded(at::Tensor& x, const FoldedBlock& folded,
                                 const BlockInputs& inputs) const {
  const auto m = folded.modulation.unbind(0);
  x = add_self_attention(std::move(x), m, inputs);
  const auto n = norm3_->forward(x, inputs.compute_dtype);
  if (WanCrossAttention::foldable(folded.context)) {
    cross_attn_->add_folded(x, n, folded.cross);
  } else {
    x.add_(cross_attn_->forward(n, folded.context));
  }
  x = add_feed_forward(std::move(x), m, inputs);
}

void WanDitBlock::reset_parameters(at::Generator& generator) {
  self_attn_->reset_parameters(generator);
  norm3_->reset_parameters();
  cross_attn_->reset_parameters(generator);
  ffn_->first->reset_parameters(generator);
  ffn_->second->reset_parameters(generator);
  nn::fill_normal(modulation, 1.0 / std::sqrt(static_cast<double>(modulation.size(2))), generator);
}

}  // namespace oasis::model
