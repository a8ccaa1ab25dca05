#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <utility>
#include <vector>

#include "oasis/model/wan_dit_attention.h"
#include "oasis/model/wan_dit_config.h"
#include "oasis/nn/layer_norm.h"

namespace oasis::model {

/// What is the same for all blocks of one forward pass.
struct BlockInputs {
  TokenGrid grid;
  at::Tensor rotations;  ///< `nn::rope_rotations`
  nn::AttentionWindow window;
  at::ScalarType compute_dtype;  ///< of the matrix products and of attention
};

/// What a block makes of time and prompt once, for a given pair of them.
struct FoldedBlock {
  at::Tensor modulation;  ///< [6, dim], the sum of table and time
  CrossContext context;   ///< used if the prompt has more than two distinct rows
  FoldedCross cross;      ///< used otherwise
};

/// One transformer block: self-attention, cross-attention and feed-forward on a float32 stream of
/// tokens (float64 if the weights are).
class WanDitBlock : public torch::nn::Module {
 public:
  WanDitBlock(const WanDitConfig& config, const at::TensorOptions& options);

  /// x `[B, N, dim]` -> the same. `time_rows` `[6, dim]` is the time projection; `rows` the
  /// embedded prompt. Without gradients `x` itself is updated.
  at::Tensor forward(at::Tensor x, const at::Tensor& time_rows, const ContextRows& rows,
                     const BlockInputs& inputs) const;

  FoldedBlock fold(const at::Tensor& time_rows, const ContextRows& rows) const;

  /// As `forward`, in place, without gradients.
  void forward_folded(at::Tensor& x, const FoldedBlock& folded, const BlockInputs& inputs) const;

  void reset_parameters(at::Generator& generator);

  /// Of the self-attention; an empty function ends it.
  void set_attention_observer(AttentionObserver observer) {
    self_attn_->observer = std::move(observer);
  }

  at::Tensor modulation;                 ///< [1, 6, dim]
  std::vector<nn::HeadKind> head_kinds;  ///< one per head; global at first

 private:
  at::Tensor add_self_attention(at::Tensor x, const std::vector<at::Tensor>& m,
                                const BlockInputs& inputs) const;
  at::Tensor add_feed_forward(at::Tensor x, const std::vector<at::Tensor>& m,
                              const BlockInputs& inputs) const;

  std::shared_ptr<WanSelfAttention> self_attn_;
  nn::LayerNorm norm3_{nullptr};
  std::shared_ptr<WanCrossAttention> cross_attn_;
  std::shared_ptr<TwoLayerPerceptron> ffn_;
  double eps_;
};

}  // namespace oasis::model
