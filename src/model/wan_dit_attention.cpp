#include "oasis/model/wan_dit_attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sigmoid.h>

#include <cmath>

#include "oasis/nn/norm_rope.h"

namespace oasis::model {
namespace {

/// `[dim, heads]` such that x · matrix sums x * row over each head's channels.
at::Tensor per_head_sums(const at::Tensor& row, std::int64_t heads) {
  const auto identity = at::eye(heads, row.options().requires_grad(false));
  return (row.view({heads, -1, 1}) * identity.unsqueeze(1)).reshape({row.numel(), heads});
}

}  // namespace

WanAttention::WanAttention(const WanDitConfig& config, const at::TensorOptions& options)
    : q(register_module("q", nn::Linear(config.dim, config.dim, options))),
      k(register_module("k", nn::Linear(config.dim, config.dim, options))),
      v(register_module("v", nn::Linear(config.dim, config.dim, options))),
      o(register_module("o", nn::Linear(config.dim, config.dim, options))),
      norm_q(register_module("norm_q", nn::RmsNorm(config.dim, config.eps, options))),
      norm_k(register_module("norm_k", nn::RmsNorm(config.dim, config.eps, options))),
      heads_(config.num_heads),
      eps_(config.eps) {}

void WanAttention::reset_parameters(at::Generator& generator) {
  for (auto* layer : {&q, &k, &v, &o}) (*layer)->reset_parameters(generator);
  norm_q->reset_parameters();
  norm_k->reset_parameters();
}

at::Tensor WanSelfAttention::forward(const at::Tensor& y, const at::Tensor& rotations,
                                     const TokenGrid& grid, const std::vector<nn::HeadKind>& kinds,
                                     const nn::AttentionWindow& window) const {
  const auto split = [&](const at::Tensor& x) {
    return x.view({x.size(0), x.size(1), heads_, x.size(2) / heads_});
  };
  const auto [queries, keys] =
      nn::norm_rope(q->forward(y), k->forward(y), norm_q, norm_k, heads_, rotations);
  if (observer) observer(queries, keys);
  const auto values = split(v->forward(y));
  const auto mixed = nn::routed_attention(queries, keys, values, grid, kinds, window);
  return o->forward(mixed.reshape(y.sizes()));
}

CrossContext WanCrossAttention::context(const ContextRows& rows) const {
  const auto dtype = rows.rows.scalar_type();
  return {norm_k->forward(k->forward(rows.rows)).to(dtype), v->forward(rows.rows), rows.log_counts};
}

at::Tensor WanCrossAttention::forward(const at::Tensor& n, const CrossContext& context) const {
  if (context.keys.size(0) == 1) return o->forward(context.values).unsqueeze(0).expand(n.sizes());
  const auto dtype = n.scalar_type();
  const auto split = [&](const at::Tensor& x) {
    return x.view({-1, x.size(-2), heads_, x.size(-1) / heads_}).transpose(1, 2);
  };
  const auto every_clip = [&](const at::Tensor& x) {
    return split(x.to(dtype)).expand({n.size(0), -1, -1, -1});
  };
  const auto queries = norm_q->forward(q->forward(n)).to(dtype);
  const auto bias = context.log_counts.to(dtype).view({1, 1, 1, -1});
  const auto mixed = at::scaled_dot_product_attention(
      split(queries), every_clip(context.keys), every_clip(context.values),
      bias.expand({n.size(0), heads_, n.size(1), -1}));
  return o->forward(mixed.transpose(1, 2).reshape(n.sizes()));
}

FoldedCross WanCrossAttention::fold(const CrossContext& context) const {
  const auto dtype = context.keys.scalar_type();
  const auto last = context.values.size(0) - 1;
  FoldedCross folded;
  folded.output = o->forward(context.values.narrow(0, last, 1));
  if (last == 0) return folded;
  const auto scale = 1.0 / std::sqrt(static_cast<double>(context.keys.size(1) / heads_));
  const auto keys = (context.keys[0] - context.keys[1]) * norm_q->weight.to(dtype) * scale;
  folded.difference = per_head_sums(keys, heads_).to(q->weight.scalar_type());
  folded.log_odds = (context.log_counts[0] - context.log_counts[1]).item<double>();
  const auto values = per_head_sums(context.values[0] - context.values[1], heads_);
  folded.output = at::cat({at::matmul(o->weight.to(dtype), values).t(), folded.output});
  return folded;
}

void WanCrossAttention::add_folded(at::Tensor& x, const at::Tensor& n,
                                   const FoldedCross& folded) const {
  if (!folded.difference.defined()) {
    x.add_(folded.output);
    return;
  }
  const auto queries = q->forward(n).flatten(0, 1);
  const auto inverse = nn::inverse_rms(queries, eps_);
  const auto share = at::ones({queries.size(0), heads_ + 1}, inverse.options());
  auto odds = share.narrow(1, 0, heads_);
  odds.copy_(at::matmul(queries, folded.difference.to(queries.scalar_type())));
  odds.mul_(inverse).add_(folded.log_odds).sigmoid_();
  x.view({-1, x.size(2)}).addmm_(share, folded.output);
}

}  // namespace oasis::model
