#pragma once

#include <ATen/Functions.h>

#include <cstdint>
#include <string>

#include "oasis/checkpoint/state_dict.h"
#include "oasis/metrics/dover_branch.h"
#include "oasis/nn/parameter_store.h"

namespace oasis::metrics {

/// LayerNorm over the last dimension, `<name>.weight` and `<name>.bias`.
struct DoverNorm {
  DoverNorm() = default;
  DoverNorm(nn::ParameterStore& store, const std::string& name, std::int64_t channels,
            double epsilon);
  at::Tensor operator()(const at::Tensor& x) const;

  at::Tensor weight, bias;
  double eps = 1e-5;
};

/// A linear layer over the last dimension, `<name>.weight` and `<name>.bias`.
struct DoverLinear {
  DoverLinear() = default;
  DoverLinear(nn::ParameterStore& store, const std::string& name, std::int64_t in,
              std::int64_t out);
  at::Tensor operator()(const at::Tensor& x) const;

  at::Tensor weight, bias;
};

/// The head of either branch: two 1x1x1 convolutions with a GELU between them.
struct DoverHead {
  /// `name` ends in a dot.
  DoverHead(nn::ParameterStore& store, const std::string& name, std::int64_t channels,
            std::int64_t hidden);
  /// x `[N, D, h, w, C]`.
  DoverBranchOutput operator()(const at::Tensor& x) const;

  at::Tensor hidden_weight, hidden_bias, last_weight, last_bias;
};

/// The tensors of `weights` that a branch ("technical" or "aesthetic") is loaded from: without the
/// other branch and without index buffers. Other names stay, for a strict load to complain of.
checkpoint::StateDict dover_branch_weights(const checkpoint::StateDict& weights,
                                           const std::string& branch);

/// Throws `oasis::Error` unless video is `[N, 3, T, H, W]` with at least these sides.
void require_dover_video(const at::Tensor& video, std::int64_t frames, std::int64_t side);

}  // namespace oasis::metrics
