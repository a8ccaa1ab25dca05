#pragma once

#include <cstdint>

#include "oasis/model/model_folder.h"

namespace oasis::model {

/// The extent of a latent `[1, C, frames, height, width]`.
struct LatentSize {
  std::int64_t frames = 1;
  std::int64_t height = 1;
  std::int64_t width = 1;

  std::int64_t positions() const { return frames * height * width; }
};

/// The latent of an LQ clip of 4n+1 frames: n+1 frames of half the LQ size.
LatentSize latent_of(std::int64_t lq_frames, std::int64_t lq_height, std::int64_t lq_width);

// Multiply-adds (MAC) of matrix products and convolutions, batch 1; 1 MAC = 2 FLOP. Norms,
// activations, softmax and resampling are not counted.

/// How the DiT's cross-attention with a constant prompt is evaluated.
enum class CrossAttention {
  full,      ///< every context row, prompt and time embedded in every call, as published
  folded,    ///< two distinct rows (the empty prompt): q, then one score per head
  constant,  ///< one distinct row (a zero prompt): a constant is added
};

/// The DiT; its self-attention counts the pairs that heads of each kind form.
struct DitMacs {
  double linears = 0;          ///< all linear layers, patch embedding and head
  double self_attention = 0;   ///< QK and AV
  double cross_attention = 0;  ///< QK and AV, or what takes their place

  double total() const { return linears + self_attention + cross_attention; }
};
/// With global heads only.
DitMacs dit_macs(const WanDitConfig& config, const LatentSize& latent, CrossAttention cross);

/// QK and AV of all heads of a map.
double routed_attention_macs(const WanDitConfig& config, const LatentSize& latent,
                             const nn::HeadMap& map);

/// The projector's linear map.
double projector_macs(ProjectorMode mode, std::int64_t latent_channels, const LatentSize& latent);

/// The Wan decoder, every frame by the whole 3-D kernel. A first-principles count of `vae.py`.
double wan_decoder_macs(const WanVaeConfig& config, const LatentSize& latent);

/// Where TAEHV's 1x1 time layers stand; the results are equal.
enum class TimeGrowth {
  before_upsampling,  ///< on the small frames, as `TaehvDecoder` does
  after_upsampling,   ///< on the enlarged frames, as published
};
double taehv_decoder_macs(const TaehvConfig& config, const LatentSize& latent, TimeGrowth growth);

/// A network that sees frames alone, of `latent`'s clip.
double frame_cnn_macs(const FrameCnnConfig& config, const LatentSize& latent);

/// The stages of an `OasisModel` as it evaluates them, with the heads of its map; the Wan decoder
/// in its published form, of which the CPU computes a little less.
struct StageMacs {
  double project = 0;
  DitMacs dit;
  double decode = 0;
};
StageMacs stage_macs(const ModelDescription& about, const LatentSize& latent);

}  // namespace oasis::model
