#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace oasis::flow {

/// The encoders' normalisation.
enum class RaftNorm { none, instance, batch };

/// The shape of one encoder of stride 8.
struct RaftEncoderConfig {
  std::array<std::int64_t, 5> layers;  ///< channels of stem, layers 1 to 3, output
  RaftNorm norm = RaftNorm::instance;
};

/// The shape of a RAFT network (princeton-vl/RAFT `core/raft.py`; torchvision `raft.py`).
struct RaftConfig {
  bool bottleneck = false;  ///< bottleneck instead of residual blocks in both encoders
  RaftEncoderConfig feature;
  RaftEncoderConfig context;  ///< output = hidden + context channels
  std::int64_t corr_levels = 4;
  std::int64_t corr_radius = 4;
  std::vector<std::int64_t> motion_corr_layers;  ///< one or two convolutions
  std::array<std::int64_t, 2> motion_flow_layers{};
  std::int64_t motion_out = 0;  ///< with the two channels of raw flow
  std::int64_t hidden = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> gru_kernels;  ///< (rows, columns), in order
  std::int64_t flow_head_hidden = 0;
  std::int64_t mask_hidden = 0;  ///< 0: no mask head, bilinear upsampling

  /// raft-things, raft-sintel, torchvision's `raft_large`: 5.26 M parameters.
  static RaftConfig large();
  /// raft-small, torchvision's `raft_small`: 0.99 M parameters.
  static RaftConfig small();

  /// The least side of a (padded) frame, in pixels.
  std::int64_t least_side() const { return std::int64_t{8} << corr_levels; }
};

}  // namespace oasis::flow
