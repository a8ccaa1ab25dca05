#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "oasis/flow/flow_estimator.h"
#include "oasis/losses/lpips.h"
#include "oasis/train/train_config.h"
#include "oasis/train/trainable_model.h"

namespace oasis::train {

/// The value of each term, unweighted and detached, on the device: reading it waits for the device.
using LossParts = std::vector<std::pair<std::string, at::Tensor>>;

/// L = L_latent + L_per + lambda L_warp (eq. 11) with the terms that a configuration switches on.
/// Holds the frozen helpers: flow and LPIPS.
class TrainingLoss {
 public:
  /// Loads the helpers' weights. `oasis::Error` names what is missing.
  TrainingLoss(const LossConfig& config, c10::Device device, c10::ScalarType precision);

  /// With helpers that are ready; one that is not given is off.
  TrainingLoss(const LossConfig& config, std::unique_ptr<flow::FlowEstimator> flow,
               std::unique_ptr<losses::Lpips> lpips);

  /// Whether the features that LPIPS needs for its backward pass are computed again there, a few
  /// frames at a time, instead of being kept. Off at first.
  void set_recompute(bool on) { recompute_ = on; }

  /// hq `[B, 3, T, H, W]`, z_target the latent of hq or undefined. The scalar to differentiate, and
  /// its parts.
  std::pair<at::Tensor, LossParts> forward(const TrainableModel::Output& output,
                                           const at::Tensor& hq, const at::Tensor& z_target) const;

  bool needs_latent() const { return config_.latent > 0; }
  /// What the helpers are, for the log: "flow DIS, LPIPS vgg".
  std::string description() const;

 private:
  at::Tensor warp_term(const at::Tensor& video, const at::Tensor& hq) const;
  at::Tensor lpips_term(const at::Tensor& video, const at::Tensor& hq) const;

  LossConfig config_;
  std::unique_ptr<flow::FlowEstimator> flow_;
  std::unique_ptr<losses::Lpips> lpips_;
  bool recompute_ = false;
};

}  // namespace oasis::train
