#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "oasis/checkpoint/state_dict.h"

namespace oasis::model {

/// Shape of a TAEHV decoder (madebyollin/taehv, `taehv.py`). The defaults are taew2_1's.
struct TaehvConfig {
  std::int64_t latent_channels = 16;
  std::array<std::int64_t, 4> widths{256, 128, 64, 64};
  std::array<bool, 3> time_upscale{false, true, true};  ///< x2 in time at each of the three steps
  std::array<bool, 3> space_upscale{true, true, true};  ///< x2 in space
  /// Memory blocks before each of the three steps, and at the full frame rate behind them.
  std::array<std::int64_t, 4> blocks{3, 3, 3, 0};
  std::int64_t head_upscale = 1;  ///< x this in space by the last layer (sub-pixel convolution)
  std::int64_t condition_channels = 0;  ///< channels joined after the first x2; 0: none
  /// Joins the condition once more behind the last step, each frame with its own channels.
  bool condition_frames = false;
  /// Each frame then sees so many frames before and so many behind it, too, mirrored at the ends.
  std::int64_t condition_neighbours = 0;
  /// Neighbours, and in the last blocks the memory of the frame before, are moved onto the frame
  /// by the DIS flow of the condition.
  bool align = false;
  /// Of the activations below 0 ("leaky" ReLU); 0, TAEHV's, is ReLU, whose units can die: weights
  /// that make a channel negative everywhere no longer learn.
  double negative_slope = 0.0;
  bool named_head = false;  ///< the last layer is `head.*` instead of `decoder.<n>.*`

  /// Channels that the condition adds behind the last step.
  std::int64_t frame_channels() const;
  /// Frames that one latent frame becomes, and by how much height and width grow.
  std::int64_t frames_per_latent() const;
  std::int64_t spatial_scale() const;
};

/// Throws `oasis::Error` (usage) for widths, counts or a slope that cannot be, and for a condition
/// that does not have the size or the rate of what it is joined to.
void validate(const TaehvConfig& config);

/// A small causal decoder of 2-D convolutions; time by one frame of memory per block. Blocks cost
/// least at the size of the LQ frames: there `space_upscale` ends and `head_upscale` does the rest
/// (Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution Using an Efficient
/// Sub-Pixel Convolutional Neural Network"). Differentiable with respect to the latent.
class TaehvDecoder {
 public:
  TaehvDecoder(const TaehvConfig& config, c10::TensorOptions options);
  ~TaehvDecoder();
  TaehvDecoder(TaehvDecoder&&) noexcept;

  /// latent `[B, C, n, h, w]` (normalised) -> `[B, 3, k*n - (k-1), H, W]`, k the product of the
  /// time steps, not clamped. In the published networks the frames are meant for [0, 1]. condition
  /// `[B, condition_channels, n, 2h, 2w]` where the configuration has one.
  at::Tensor decode(const at::Tensor& latent, const at::Tensor& condition = {}) const;

  /// The same in parts of `latents_per_step` latent frames: bounded memory but for the result.
  at::Tensor decode_streamed(const at::Tensor& latent, std::int64_t latents_per_step,
                             const at::Tensor& condition = {}) const;

  /// Names of TAEHV ("decoder.3.conv.0.weight").
  const std::vector<std::pair<std::string, at::Tensor>>& parameters() const;

 private:
  struct Network;
  std::unique_ptr<Network> network_;
};

/// Fits a published checkpoint to a decoder: drops the encoder's tensors and keeps the last rows of
/// a time layer that the configuration has switched off.
checkpoint::StateDict taehv_decoder_weights(const checkpoint::StateDict& weights,
                                            const TaehvDecoder& decoder);

}  // namespace oasis::model
