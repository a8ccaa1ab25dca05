#include "model/latent_statistics.h"

#include <torch/types.h>

#include <vector>

#include "oasis/model/wan_vae.h"

namespace oasis::model {
namespace {

at::Tensor column(const std::vector<double>& values, c10::Device device) {
  return torch::tensor(values, torch::kDouble).to(device, at::kFloat).view({1, -1, 1, 1, 1});
}

}  // namespace

LatentStatistics::LatentStatistics(const WanVaeConfig& config, c10::Device device) {
  if (config.latents_mean.empty()) return;
  mean_ = column(config.latents_mean, device);
  std_ = column(config.latents_std, device);
  inverse_std_ = std_.reciprocal();
}

at::Tensor LatentStatistics::normalised(const at::Tensor& latent) const {
  return mean_.defined() ? (latent.to(at::kFloat) - mean_) * inverse_std_ : latent;
}

at::Tensor LatentStatistics::denormalised(const at::Tensor& latent) const {
  if (!mean_.defined()) return latent;
  return (latent.to(at::kFloat) * std_ + mean_).to(latent.scalar_type());
}

}  // namespace oasis::model
