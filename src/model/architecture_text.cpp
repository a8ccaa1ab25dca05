#include "oasis/model/architecture_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace oasis::model {
namespace {

std::string list(const std::vector<double>& values) { return fmt::format("{}", values); }

std::string decoder_line(const ModelDescription& about) {
  if (about.decoder == DecoderKind::frame_cnn) {
    return fmt::format("{{kind: frame_cnn, width: {}, blocks: {}}}", about.frame_cnn.width,
                       about.frame_cnn.blocks);
  }
  if (about.decoder != DecoderKind::wan_vae) {
    const TaehvConfig& light = about.taehv;
    const TaehvConfig usual;
    std::string line = fmt::format("{{kind: {}, widths: [{}]", to_string(about.decoder),
                                   fmt::join(light.widths, ", "));
    if (light.blocks != usual.blocks) {
      line += fmt::format(", blocks: [{}]", fmt::join(light.blocks, ", "));
    }
    if (light.head_upscale != 1) line += fmt::format(", head_upscale: {}", light.head_upscale);
    if (about.decoder == DecoderKind::light_conditional && light.condition_channels == 0) {
      line += ", conditioned: false";
    }
    if (light.condition_frames) line += ", condition_frames: true";
    if (light.condition_neighbours != 0) {
      line += fmt::format(", neighbours: {}", light.condition_neighbours);
    }
    if (light.align) line += ", align: true";
    if (light.negative_slope != 0) {
      line += fmt::format(", negative_slope: {}", light.negative_slope);
    }
    return line + "}";
  }
  return fmt::format(
      "{{kind: wan_vae, dim: {}, dim_mult: [{}], num_res_blocks: {}, temporal_downsample: [{}]}}",
      about.vae.dim, fmt::join(about.vae.dim_mult, ", "), about.vae.num_res_blocks,
      fmt::join(about.vae.temporal_downsample, ", "));
}

}  // namespace

std::string architecture_text(const ModelDescription& about) {
  const WanDitConfig& dit = about.dit;
  std::string text = fmt::format(
      "dit: {{dim: {}, layers: {}, num_heads: {}, ffn_dim: {}, freq_dim: {}, text_dim: {}, "
      "text_len: {}, "
      "in_channels: {}, out_channels: {}}}\n",
      dit.dim, dit.layers, dit.num_heads, dit.ffn_dim, dit.freq_dim, dit.text_dim, dit.text_len,
      dit.in_channels, dit.out_channels);
  text += fmt::format("latent: {{channels: {}", about.vae.z_dim);
  if (!about.vae.latents_mean.empty()) {
    text += fmt::format(", mean: {}, std: {}", list(about.vae.latents_mean),
                        list(about.vae.latents_std));
  }
  text += fmt::format("}}\nprojector: {{mode: {}}}\ndecoder: {}\n", to_string(about.projector),
                      decoder_line(about));
  const nn::AttentionWindow& window = about.head_map ? about.head_map->window : about.window;
  return text + fmt::format("timestep: {}\nsigma: {}\nwindow: [{}, {}, {}]\nprompt: {}\n",
                            about.timestep, about.sigma, window.frames, window.rows, window.cols,
                            about.prompt);
}

}  // namespace oasis::model
