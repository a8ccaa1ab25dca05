#include "oasis/model/clip_memory.h"

#include <algorithm>

namespace oasis::model {
namespace {

constexpr std::int64_t fp32_bytes = 4;

/// Values of the result per LQ pixel and frame: 3 channels, 16 pixels.
constexpr std::int64_t result_values = 48;

std::int64_t dit_bytes(const WanDitConfig& dit, std::int64_t element, std::int64_t tokens) {
  // The residual, a norm and its modulation, q and k before and after the rotation: in fp32.
  const std::int64_t wide = 6 * dit.dim * fp32_bytes;
  const std::int64_t attention = 6 * dit.dim * element;
  const std::int64_t feed_forward = 2 * dit.ffn_dim * element;
  return tokens * (wide + std::max(attention, feed_forward));
}

/// Values per LQ pixel that a light decoder holds for one latent frame.
std::int64_t light_step_values(const TaehvConfig& config) {
  constexpr std::int64_t quarters = 4;  // areas count in quarters of an LQ pixel
  std::int64_t area = 1;                // of the latent
  std::int64_t frames = 1;
  std::int64_t most = 0;
  for (std::size_t level = 0; level < 3; ++level) {
    const std::int64_t width = config.widths[level];
    std::int64_t joined = level == 0 ? config.condition_channels : 0;
    if (level == 2 && config.condition_frames) joined = config.frame_channels();
    // A block: its input, the frames before, both joined, and two results.
    most = std::max(most, 7 * width * frames * area);
    frames *= config.time_upscale[level] ? 2 : 1;
    area *= config.space_upscale[level] ? 4 : 1;
    // The enlarged frames, joined, in the convolution's layout and in its blocks; its result too.
    most = std::max(most, (4 * (width + joined) + config.widths[level + 1]) * frames * area);
  }
  if (config.blocks[3] > 0) most = std::max(most, 7 * config.widths[3] * frames * area);
  // The last convolution's result, and again with its values in their places.
  const std::int64_t out = 3 * config.head_upscale * config.head_upscale;
  most = std::max(most, (2 * config.widths[3] + 2 * out) * frames * area);
  return most / quarters;
}

/// Values per LQ pixel that the Wan decoder holds for one step. At its last levels the frames have
/// once and twice the outermost width; input, padded copy, result and what the convolutions reorder
/// come to 13.4 (fp32) and 8 (bf16) times that width per pixel of the result, as measured on a CPU.
std::int64_t wan_step_values(const WanVaeConfig& config, std::int64_t latents) {
  constexpr std::int64_t frames_per_latent = 4;
  constexpr std::int64_t pixels = 16;
  return latents * frames_per_latent * pixels * 14 * config.dim;
}

/// A residual network holds its input, two results, and the last ones with and without their values
/// in their places, of four frames.
std::int64_t cnn_step_values(const FrameCnnConfig& config) {
  return 4 * (4 * config.width + 2 * result_values);
}

std::int64_t step_values(const ModelDescription& about, std::int64_t latents) {
  if (about.decoder == DecoderKind::wan_vae) return wan_step_values(about.vae, latents);
  if (about.decoder == DecoderKind::frame_cnn) return cnn_step_values(about.frame_cnn);
  return latents * light_step_values(about.taehv);
}

}  // namespace

std::int64_t clip_peak_bytes(const ModelDescription& about, std::int64_t element,
                             std::int64_t latents_per_step, const ClipExtent& clip) {
  const std::int64_t pixels = clip.height * clip.width;
  const std::int64_t latents = (clip.frames + 2) / 4 + 1;
  const std::int64_t result = clip.frames * pixels * result_values * fp32_bytes;
  std::int64_t step = step_values(about, latents_per_step) * pixels * element;
  if (about.decoder == DecoderKind::light_conditional && about.taehv.condition_frames) {
    // Every frame's neighbours, apart and joined.
    const std::int64_t size = about.taehv.align ? fp32_bytes : element;
    step += 2 * about.taehv.frame_channels() * 4 * latents * pixels * size;
    // The flows to them and back.
    if (about.taehv.align) {
      step += 4 * about.taehv.condition_neighbours * 4 * latents * pixels * fp32_bytes;
    }
  }
  // The parts of the result and their sum; joining them, and adding bicubic, holds the result
  // twice.
  const std::int64_t decoding = std::max(result + step, 2 * result);
  const std::int64_t latent = 4 * latents * (pixels / 4) * about.vae.z_dim * fp32_bytes;
  return latent + std::max(dit_bytes(about.dit, element, latents * pixels / 16), decoding);
}

}  // namespace oasis::model
