#include "oasis/model/flop_count.h"

#include <cstddef>

#include "oasis/nn/attention_pairs.h"

namespace oasis::model {
namespace {

constexpr double patch_values = 4;  // values of one channel in a patch of 1 x 2 x 2

double d(std::int64_t value) { return static_cast<double>(value); }

/// A residual block of two 3x3x3 convolutions, with a 1x1x1 shortcut where the width changes.
double residual_macs(double in, double out, double positions) {
  const double shortcut = in == out ? 0 : in * out;
  return positions * (27 * (in * out + out * out) + shortcut);
}

/// One attention head over all positions of each frame: qkv and proj, QK and AV.
double frame_attention_macs(double width, double frames, double positions) {
  return frames * positions * (4 * width * width + 2 * positions * width);
}

}  // namespace

LatentSize latent_of(std::int64_t lq_frames, std::int64_t lq_height, std::int64_t lq_width) {
  return {(lq_frames - 1) / 4 + 1, lq_height / 2, lq_width / 2};
}

DitMacs dit_macs(const WanDitConfig& config, const LatentSize& latent, CrossAttention cross) {
  const double dim = d(config.dim), layers = d(config.layers), rows = d(config.text_len);
  const double tokens = d(latent.frames) * d(latent.height / 2) * d(latent.width / 2);
  const double square = dim * dim;
  // Self-attention's q, k, v, o, then cross-attention's q and o.
  const double squares =
      cross == CrossAttention::full ? 6 : (cross == CrossAttention::folded ? 5 : 4);
  DitMacs macs;
  macs.linears = tokens * layers * (squares * square + 2 * dim * d(config.ffn_dim)) +
                 tokens * patch_values * dim * d(config.in_channels + config.out_channels);
  macs.self_attention = layers * 2 * tokens * tokens * dim;
  if (cross == CrossAttention::full) {
    macs.linears += rows * (layers * 2 * square + d(config.text_dim) * dim + square);
    macs.linears += d(config.freq_dim) * dim + 7 * square;
    macs.cross_attention = layers * 2 * tokens * rows * dim;
  } else if (cross == CrossAttention::folded) {
    macs.cross_attention = layers * tokens * dim * d(2 * config.num_heads + 1);
  }
  return macs;
}

double routed_attention_macs(const WanDitConfig& config, const LatentSize& latent,
                             const nn::HeadMap& map) {
  const TokenGrid grid{latent.frames, latent.height / 2, latent.width / 2};
  const nn::KindCounts heads = nn::count_kinds(map);
  const auto pairs = [&](nn::HeadKind kind) { return nn::attention_pairs(kind, grid, map.window); };
  const double all = d(heads.global) * pairs(nn::HeadKind::global) +
                     d(heads.intra) * pairs(nn::HeadKind::intra) +
                     d(heads.window) * pairs(nn::HeadKind::window);
  return 2 * all * d(config.dim / config.num_heads);
}

double projector_macs(ProjectorMode mode, std::int64_t latent_channels, const LatentSize& latent) {
  const double inputs = mode == ProjectorMode::native_2x ? 48 : 768;
  return inputs * d(latent_channels) * d(latent.positions());
}

double wan_decoder_macs(const WanVaeConfig& config, const LatentSize& latent) {
  const auto levels = config.dim_mult.size();
  double frames = d(latent.frames), area = d(latent.height * latent.width);
  double width = d(config.dim * config.dim_mult.back());
  double macs = frames * area * d(config.z_dim) * (d(config.z_dim) + 27 * width);
  macs += 2 * residual_macs(width, width, frames * area);
  macs += frame_attention_macs(width, frames, area);
  for (std::size_t level = 0; level < levels; ++level) {
    const double out = d(config.dim * config.dim_mult[levels - 1 - level]);
    for (std::int64_t block = 0; block <= config.num_res_blocks; ++block) {
      macs += residual_macs(width, out, frames * area);
      width = out;
    }
    if (level + 1 == levels) break;
    if (config.temporal_downsample[levels - 2 - level]) {
      macs += (frames - 1) * area * 3 * width * 2 * width;  // the first frame is not doubled
      frames = 2 * frames - 1;
    }
    area *= 4;
    macs += frames * area * 9 * width * width / 2;
    width /= 2;
  }
  return macs + frames * area * 27 * width * 3;
}

double taehv_decoder_macs(const TaehvConfig& config, const LatentSize& latent, TimeGrowth growth) {
  // A block has convolutions of 2C, C and C to C.
  const auto blocks = [&config](std::size_t level) {
    return d(config.blocks[level]) * 36 * d(config.widths[level]) * d(config.widths[level]);
  };
  double positions = d(latent.positions());
  double macs = positions * 9 * d(config.latent_channels * config.widths[0]);
  for (std::size_t step = 0; step < 3; ++step) {
    const double width = d(config.widths[step]), next = d(config.widths[step + 1]);
    double joined = step == 0 ? d(config.condition_channels) : 0;
    if (step == 2 && config.condition_frames) joined = d(config.frame_channels());
    const double time = config.time_upscale[step] ? 2 : 1;
    const double space = config.space_upscale[step] ? 4 : 1;
    macs += positions * blocks(step);
    const double grown = growth == TimeGrowth::before_upsampling ? positions : positions * space;
    macs += grown * time * width * width;
    positions *= time * space;
    macs += positions * 9 * (width + joined) * next;
  }
  const double out = 3 * d(config.head_upscale * config.head_upscale);
  return macs + positions * (blocks(3) + 9 * d(config.widths[3]) * out);
}

double frame_cnn_macs(const FrameCnnConfig& config, const LatentSize& latent) {
  const double width = d(config.width);
  const double pixels = d(4 * latent.frames - 3) * 4 * d(latent.height * latent.width);
  return pixels * 9 * width * (3 + 2 * d(config.blocks) * width + 48);
}

StageMacs stage_macs(const ModelDescription& about, const LatentSize& latent) {
  const auto cross = about.prompt == "zeros" ? CrossAttention::constant : CrossAttention::folded;
  StageMacs macs;
  if (!uses_latent(about.decoder)) {
    macs.decode = frame_cnn_macs(about.frame_cnn, latent);
    return macs;
  }
  macs.project = projector_macs(about.projector, about.vae.z_dim, latent);
  macs.dit = dit_macs(about.dit, latent, cross);
  if (about.head_map) {
    macs.dit.self_attention = routed_attention_macs(about.dit, latent, *about.head_map);
  }
  macs.decode = about.decoder == DecoderKind::wan_vae
                    ? wan_decoder_macs(about.vae, latent)
                    : taehv_decoder_macs(about.taehv, latent, TimeGrowth::before_upsampling);
  return macs;
}

}  // namespace oasis::model
