#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "oasis/checkpoint/state_dict.h"

namespace oasis::model {

/// Shape of a Wan2.1 3-D causal VAE (`vae.py`, `WanVAE_`). The defaults are the published network.
struct WanVaeConfig {
  std::int64_t dim = 96;                                     ///< width of the outermost level
  std::int64_t z_dim = 16;                                   ///< latent channels
  std::vector<std::int64_t> dim_mult{1, 2, 4, 4};            ///< width of each level / dim
  std::int64_t num_res_blocks = 2;                           ///< per level of the encoder
  std::vector<bool> temporal_downsample{false, true, true};  ///< encoder order; levels - 1 flags
  std::vector<double> latents_mean;                          ///< z_dim values; empty: all 0
  std::vector<double> latents_std;                           ///< z_dim values; empty: all 1

  /// The published configuration with its latent statistics.
  static WanVaeConfig wan21();
};

/// The decoder half: normalised latents to frames. Frozen, but differentiable with respect to the
/// latent; nothing is clamped.
class WanVaeDecoder {
 public:
  /// Parameters are allocated, not initialised.
  WanVaeDecoder(const WanVaeConfig& config, c10::TensorOptions options);
  ~WanVaeDecoder();
  WanVaeDecoder(WanVaeDecoder&&) noexcept;

  /// latent `[B, z_dim, n, h, w]` (normalised, as the DiT sees it) -> `[B, 3, 4n-3, 8h, 8w]` in the
  /// dtype of the latent.
  at::Tensor decode(const at::Tensor& latent) const;

  /// Whether `decode` keeps only the input of each residual block and upsampling for the backward
  /// pass and runs them again there. Off at first.
  void set_recompute(bool on);

  /// The same in parts of `latents_per_step` latent frames, so that memory does not grow with n but
  /// for the result. Equal to `decode` up to the convolutions' order of summation.
  at::Tensor decode_streamed(const at::Tensor& latent, std::int64_t latents_per_step) const;

  /// Official names ("conv2.*", "decoder.*").
  const std::vector<std::pair<std::string, at::Tensor>>& parameters() const;
  const WanVaeConfig& config() const;

 private:
  struct Network;
  std::unique_ptr<Network> network_;
};

/// The encoder half: frames to normalised latent means.
class WanVaeEncoder {
 public:
  WanVaeEncoder(const WanVaeConfig& config, c10::TensorOptions options);
  ~WanVaeEncoder();
  WanVaeEncoder(WanVaeEncoder&&) noexcept;

  /// video `[B, 3, T, H, W]` in [-1, 1] -> `[B, z_dim, 1 + (T-1)/4, H/8, W/8]`, rounding down at
  /// every level; the last (T-1) mod 4 frames have no influence.
  at::Tensor encode(const at::Tensor& video) const;

  /// The same in parts of 4 * `groups_per_step` frames.
  at::Tensor encode_streamed(const at::Tensor& video, std::int64_t groups_per_step) const;

  /// Official names ("encoder.*", "conv1.*").
  const std::vector<std::pair<std::string, at::Tensor>>& parameters() const;

 private:
  struct Network;
  std::unique_ptr<Network> network_;
};

/// True if the names are those of diffusers' `AutoencoderKLWan`.
bool has_diffusers_vae_names(const checkpoint::StateDict& weights);

/// Renames diffusers' keys to the official ones; the numbers follow from the configuration. Names
/// that have no counterpart are kept as they are, so that a strict load reports them.
checkpoint::StateDict vae_from_diffusers(const checkpoint::StateDict& weights,
                                         const WanVaeConfig& config);

}  // namespace oasis::model
