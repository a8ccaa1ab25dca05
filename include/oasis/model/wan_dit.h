#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "oasis/model/wan_dit_block.h"
#include "oasis/model/wan_dit_conditioning.h"
#include "oasis/model/wan_dit_config.h"
#include "oasis/nn/rope.h"
#include "oasis/nn/routed_attention.h"

namespace oasis::model {

/// The Wan2.1 text-to-video transformer with routed self-attention: from a latent, a time on the
/// scale of 0 to 1000 and a prompt to the velocity (noise - clean latent).
///
/// `named_parameters()` has exactly the names and shapes of the official checkpoint. All parameters
/// are allocated, without initial values, with the dtype and device given. Matrix products and
/// attention run in `compute_dtype()`; the stream of tokens, norms, modulation, time path, patch
/// embedding and head run in float32 (everything in float64 if the compute dtype is that).
/// One object serves one thread at a time.
class WanDit : public torch::nn::Module {
 public:
  explicit WanDit(const WanDitConfig& config, const at::TensorOptions& options = {});

  const WanDitConfig& config() const { return config_; }

  /// At first the dtype of the weights. Float32 weights with another compute dtype are cast for
  /// each product: mixed-precision training.
  at::ScalarType compute_dtype() const { return compute_dtype_; }
  void set_compute_dtype(at::ScalarType dtype) { compute_dtype_ = dtype; }

  /// One row per layer, one kind per head; all heads are global at first. Throws `oasis::Error` if
  /// the numbers do not fit or the window is not odd.
  void set_head_kinds(const std::vector<std::vector<nn::HeadKind>>& kinds,
                      const nn::AttentionWindow& window);

  /// From now on `observer` sees the queries and keys `[B, N, heads, D]` of each layer's
  /// self-attention as they enter the softmax, in both ways of running forward; an empty function
  /// ends it. Results do not change.
  void set_attention_observer(const std::function<void(std::int64_t layer, const at::Tensor& q,
                                                       const at::Tensor& k)>& observer);

  /// Whether `forward` keeps only each block's input for the backward pass and runs the block again
  /// there: memory that hardly grows with the layers for a third more work. Off at first.
  void set_recompute(bool on) { recompute_ = on; }

  /// latent `[B, in_channels, T, H, W]` with even H and W, normalised; context `[n, text_dim]`,
  /// 0 <= n <= text_len -> velocity `[B, out_channels, T, H, W]`, float32 (float64).
  /// Differentiable.
  at::Tensor forward(const at::Tensor& latent, double t, const at::Tensor& context);

  /// Computes once all that depends only on time and prompt. To be repeated when a weight changes.
  void fold_conditioning(double t, const at::Tensor& context);

  /// As `forward` for the time and prompt given to `fold_conditioning`, without gradients and with
  /// less work; the results differ in rounding. Throws `oasis::Error` if nothing was folded.
  at::Tensor forward_folded(const at::Tensor& latent);

  /// Initial values for training from scratch. The head's weight is zero, hence the velocity too.
  void reset_parameters(std::uint64_t seed);

 private:
  /// The time path's two results.
  struct TimeRows {
    at::Tensor embedding;   ///< [dim], for the head
    at::Tensor projection;  ///< [6, dim], for the blocks
  };

  /// What `fold_conditioning` keeps.
  struct Folded {
    at::Tensor time_embedding;
    std::vector<FoldedBlock> blocks;
  };

  at::ScalarType stream_dtype() const;
  TimeRows time_rows(double t) const;
  at::Tensor embed_patches(const at::Tensor& latent, const TokenGrid& grid) const;
  at::Tensor project_head(const at::Tensor& x, const at::Tensor& time_embedding,
                          const TokenGrid& grid) const;
  BlockInputs block_inputs(const at::Tensor& latent);
  at::Tensor recomputed(const WanDitBlock& block, const at::Tensor& x, const at::Tensor& time_rows,
                        const ContextRows& rows, const BlockInputs& inputs) const;

  WanDitConfig config_;
  at::ScalarType compute_dtype_;
  nn::RopeCache rope_;
  nn::AttentionWindow window_;
  bool recompute_ = false;
  std::optional<Folded> folded_;

  at::Tensor patch_weight_;  ///< [dim, in_channels, 1, 2, 2]
  at::Tensor patch_bias_;
  std::shared_ptr<TwoLayerPerceptron> text_embedding_;
  std::shared_ptr<TwoLayerPerceptron> time_embedding_;
  nn::Linear time_projection_{nullptr};
  std::vector<std::shared_ptr<WanDitBlock>> blocks_;
  nn::Linear head_{nullptr};
  at::Tensor head_modulation_;  ///< [1, 2, dim]
};

}  // namespace oasis::model
