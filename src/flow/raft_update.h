#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "flow/frozen_conv.h"
#include "oasis/flow/raft_config.h"
#include "oasis/nn/parameter_store.h"

namespace oasis::flow {

/// One step of RAFT's recurrence (`core/update.py`).
class RaftUpdate {
 public:
  RaftUpdate(nn::ParameterStore& store, const RaftConfig& config);

  /// The new hidden state from the old one `[N, hidden, h, w]`, the context `[N, context, h, w]`,
  /// the looked-up correlations and the flow so far `[N, 2, h, w]`.
  at::Tensor advance(const at::Tensor& hidden, const at::Tensor& context,
                     const at::Tensor& correlation, const at::Tensor& flow) const;

  /// What a hidden state adds to the flow: `[N, 2, h, w]`.
  at::Tensor flow_step(const at::Tensor& hidden) const;

  /// Logits of the convex upsampling `[N, 576, h, w]`; nothing without a mask head.
  std::optional<at::Tensor> mask(const at::Tensor& hidden) const;

 private:
  struct Gru {
    FrozenConv z, r, q;
  };

  at::Tensor motion(const at::Tensor& correlation, const at::Tensor& flow) const;

  std::vector<FrozenConv> corr_convs_;
  std::vector<FrozenConv> flow_convs_;
  FrozenConv merge_;
  std::vector<Gru> grus_;
  FrozenConv flow_head1_, flow_head2_;
  std::optional<FrozenConv> mask1_, mask2_;
};

}  // namespace oasis::flow
