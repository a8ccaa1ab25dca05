#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "oasis/checkpoint/state_dict.h"
#include "oasis/flow/flow_estimator.h"
#include "oasis/flow/flow_padding.h"
#include "oasis/flow/raft_config.h"

namespace oasis::flow {

/// How a `Raft` runs.
struct RaftOptions {
  std::int64_t iterations = 20;            ///< 20: the VSR repositories; 32: Sintel evaluation
  PadMode pad = PadMode::sintel;           ///< to multiples of 8; the flow is cropped again
  std::int64_t most_corr_bytes = 1 << 30;  ///< larger correlation volumes are computed in strips
  std::int64_t pairs_at_once = 8;          ///< of a clip
};

/// RAFT (Teed and Deng, ECCV 2020), large or small, frozen and in float32: princeton-vl/RAFT
/// `core/raft.py`, torchvision `raft.py`.
class Raft : public FlowEstimator {
 public:
  /// What both directions of all pairs share: one frame's feature maps.
  struct Features {
    at::Tensor map;      ///< [N, C, h, w]
    at::Tensor context;  ///< [N, hidden + context, h, w]
  };

  /// A flow at both resolutions.
  struct Flow {
    at::Tensor full;  ///< [N, 2, H, W], pixels
    at::Tensor low;   ///< [N, 2, h, w], pixels of 1/8 resolution
  };

  explicit Raft(const RaftConfig& config, const c10::TensorOptions& options = {});
  ~Raft() override;

  /// Strict; both published namings. Throws `oasis::Error` that begins with `what`.
  void load(const checkpoint::StateDict& weights, const std::string& what);

  /// A network of the released shape that fits the file: raft-things, raft-small or torchvision's.
  /// Throws `oasis::Error` if the file is neither.
  static std::unique_ptr<Raft> from_file(const std::string& path,
                                         const c10::TensorOptions& options = {});

  const RaftConfig& config() const { return config_; }
  /// Princeton's names, with `downsample.1` for the shortcut's norm.
  const std::vector<std::pair<std::string, at::Tensor>>& parameters() const;
  RaftOptions& run_options() { return run_; }

  /// frames `[N, 3, H, W]` in [-1, 1], sides multiples of 8 and at least `config().least_side()`.
  Features encode(const at::Tensor& frames) const;

  /// The flow from the frames of `first` to those of `second`, not padded or cropped.
  Flow flow(const Features& first, const Features& second) const;

  /// The flow from image1 to image2 `[N, 3, H, W]` in [-1, 1], padded and cropped; `low` is that of
  /// the padded size.
  Flow flow(const at::Tensor& image1, const at::Tensor& image2) const;

  /// Each frame is encoded once for its four pairings.
  ClipFlows estimate(const at::Tensor& clip) override;
  std::string description() const override;

 private:
  struct Network;

  RaftConfig config_;
  RaftOptions run_;
  std::unique_ptr<Network> network_;
};

/// RAFT's convex upsampling by 8: each pixel mixes its 3x3 neighbourhood (zeros outside). flow
/// `[N, 2, h, w]`, mask logits `[N, 576, h, w]` -> `[N, 2, 8h, 8w]`.
at::Tensor upsample_convex(const at::Tensor& flow, const at::Tensor& mask);

}  // namespace oasis::flow
