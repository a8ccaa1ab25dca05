#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <string>

#include "oasis/nn/linear.h"

namespace oasis::model {

/// What the projector sees.
enum class ProjectorMode {
  native_2x,     ///< the LQ frames at their own size, unshuffled by 2: 48 inputs
  upsampled_8x,  ///< the frames after bicubic x4, unshuffled by 8: 768 inputs
};

/// "native_2x" or "upsampled_8x", as model folders spell it.
std::string to_string(ProjectorMode mode);

/// The inverse of `to_string`; anything else throws `oasis::Error` (usage).
ProjectorMode projector_mode_from(const std::string& name);

/// From low-quality frames to the latent that the transformer restores (eq. 3): unshuffle in time
/// and space, then one linear map per position. Parameters `proj.weight` `[latent_channels, 48 or
/// 768]` and `proj.bias`.
class Projector : public torch::nn::Module {
 public:
  Projector(ProjectorMode mode, std::int64_t latent_channels,
            const at::TensorOptions& options = {});

  ProjectorMode mode() const { return mode_; }

  /// video `[B, 3, T, h, w]` in [-1, 1], T = 4n + 1, h and w multiples of 4 -> latent
  /// `[B, latent_channels, n + 1, h / 2, w / 2]`, normalised, in float32 (float64 if the weights
  /// are). Throws `oasis::Error` for other shapes. Differentiable.
  at::Tensor forward(const at::Tensor& video) const;

  /// The linear map's inputs for `video`: `[B, n + 1, h / 2, w / 2, 48 or 768]`, channel
  /// ((c * 4 + dt) * r + dy) * r + dx. Group 0 is frame 0 four times, group i frames 4i - 3 to 4i.
  at::Tensor unshuffle(const at::Tensor& video) const;

  /// Xavier-uniform weight, zero bias.
  void reset_parameters(std::uint64_t seed);

 private:
  ProjectorMode mode_;
  nn::Linear proj_{nullptr};
};

}  // namespace oasis::model
