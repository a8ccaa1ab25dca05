#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "flow/frozen_conv.h"
#include "oasis/flow/raft_config.h"
#include "oasis/nn/parameter_store.h"

namespace oasis::flow {

/// A normalisation of the encoders; batch norm uses its running statistics.
class RaftNormLayer {
 public:
  RaftNormLayer() = default;
  RaftNormLayer(nn::ParameterStore& store, const std::string& name, RaftNorm kind,
                std::int64_t channels);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  RaftNorm kind_ = RaftNorm::none;
  at::Tensor weight_, bias_, mean_, variance_;
};

/// A residual or bottleneck block: relu(skip(x) + branch(x)).
class RaftBlock {
 public:
  struct Shape {
    std::int64_t in;
    std::int64_t out;
    std::int64_t stride;
    bool bottleneck;
    RaftNorm norm;
  };

  RaftBlock(nn::ParameterStore& store, const std::string& name, const Shape& shape);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  std::vector<FrozenConv> convs_;
  std::vector<RaftNormLayer> norms_;
  std::optional<FrozenConv> shortcut_;
  RaftNormLayer shortcut_norm_;
};

/// `fnet` or `cnet`: frames `[N, 3, H, W]` in [-1, 1] -> `[N, output, H/8, W/8]`.
class RaftEncoder {
 public:
  RaftEncoder(nn::ParameterStore& store, const std::string& name, const RaftEncoderConfig& config,
              bool bottleneck);
  at::Tensor operator()(const at::Tensor& frames) const;

 private:
  FrozenConv stem_;
  RaftNormLayer stem_norm_;
  std::vector<RaftBlock> blocks_;
  FrozenConv output_;
};

}  // namespace oasis::flow
