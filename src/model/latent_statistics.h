#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

namespace oasis::model {

struct WanVaeConfig;

/// The mean and deviation of each latent channel, by which the DiT's latents are normalised. In
/// float32 whatever the network's dtype; without statistics the latents stay as they are.
class LatentStatistics {
 public:
  LatentStatistics(const WanVaeConfig& config, c10::Device device);

  /// `[B, z_dim, n, h, w]` as the VAE has it -> as the DiT sees it: (x - mean) / std.
  at::Tensor normalised(const at::Tensor& latent) const;
  /// The way back: x * std + mean, in the dtype of x.
  at::Tensor denormalised(const at::Tensor& latent) const;

 private:
  at::Tensor mean_;  ///< `[1, z_dim, 1, 1, 1]`; undefined without statistics
  at::Tensor std_;
  at::Tensor inverse_std_;
};

}  // namespace oasis::model
