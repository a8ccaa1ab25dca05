#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <functional>
#include <vector>

#include "oasis/core/token_grid.h"
#include "oasis/model/wan_dit_conditioning.h"
#include "oasis/model/wan_dit_config.h"
#include "oasis/nn/linear.h"
#include "oasis/nn/rms_norm.h"
#include "oasis/nn/routed_attention.h"

namespace oasis::model {

/// The tensors that self- and cross-attention have alike: q, k, v, o, norm_q, norm_k.
class WanAttention : public torch::nn::Module {
 public:
  WanAttention(const WanDitConfig& config, const at::TensorOptions& options);

  void reset_parameters(at::Generator& generator);

  nn::Linear q{nullptr};
  nn::Linear k{nullptr};
  nn::Linear v{nullptr};
  nn::Linear o{nullptr};
  nn::RmsNorm norm_q{nullptr};
  nn::RmsNorm norm_k{nullptr};

 protected:
  std::int64_t heads_;
  double eps_;
};

/// Sees the queries and keys `[B, N, heads, D]` of one self-attention as they enter the softmax:
/// after the norm and the rotation. It must not change them.
using AttentionObserver = std::function<void(const at::Tensor& q, const at::Tensor& k)>;

/// Self-attention with one kind per head.
class WanSelfAttention : public WanAttention {
 public:
  using WanAttention::WanAttention;

  /// y `[B, N, dim]` -> `[B, N, dim]` in the dtype of `y`, before the gate. `rotations` as
  /// `nn::rope_rotations` gives them.
  at::Tensor forward(const at::Tensor& y, const at::Tensor& rotations, const TokenGrid& grid,
                     const std::vector<nn::HeadKind>& kinds,
                     const nn::AttentionWindow& window) const;

  AttentionObserver observer;  ///< called in every `forward`; empty at first
};

/// Keys and values of one block's cross-attention.
struct CrossContext {
  at::Tensor keys;        ///< [R, dim], normalised
  at::Tensor values;      ///< [R, dim]
  at::Tensor log_counts;  ///< [R] how often each row occurs, as a logarithm
};

/// Cross-attention to two rows, folded with its q norm and output layer. With q the raw queries and
/// r their inverse RMS the result is [sigmoid(r * q difference + log_odds), 1] · output: two keys
/// are a sigmoid, and what the first key adds over the second passes through the output layer
/// once, ahead of time.
struct FoldedCross {
  at::Tensor difference;  ///< [dim, heads], the weights' dtype; empty if there is one row only
  double log_odds = 0;    ///< ln(copies of row 0) - ln(copies of row 1)
  at::Tensor output;      ///< [heads + 1, dim] (one row only: [1, dim]); last row: row 1's answer
};

/// Cross-attention to the prompt: no rotation, no gate.
class WanCrossAttention : public WanAttention {
 public:
  using WanAttention::WanAttention;

  /// Keys and values for the rows, in their dtype.
  CrossContext context(const ContextRows& rows) const;

  /// n `[B, N, dim]` -> `[B, N, dim]` in the dtype of `n`.
  at::Tensor forward(const at::Tensor& n, const CrossContext& context) const;

  /// Whether `fold` can be used: one or two distinct rows.
  static bool foldable(const CrossContext& context) { return context.keys.size(0) <= 2; }

  /// The folded form; `context` best in float32 or float64.
  FoldedCross fold(const CrossContext& context) const;

  /// Adds the result for n `[B, N, dim]` to x `[B, N, dim]`, in place.
  void add_folded(at::Tensor& x, const at::Tensor& n, const FoldedCross& folded) const;
};

}  // namespace oasis::model
