#include <torch/torch.h>

#include <algorithm>
#include <optional>

#include "model/latent_statistics.h"
#include "model/vae_layers.h"
#include "oasis/core/error.h"
#include "oasis/model/wan_vae.h"
#include "oasis/nn/recompute.h"

namespace oasis::model {

WanVaeConfig WanVaeConfig::wan21() {
  WanVaeConfig config;
  config.latents_mean = {-0.7571, -0.7089, -0.9113, 0.1075,  -0.1745, 0.9653,  -0.1517, 1.5508,
                         0.4134,  -0.0715, 0.5517,  -0.3632, -0.1922, -0.9497, 0.2503,  -0.2921};
  config.latents_std = {2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743,
                        3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.9160};
  return config;
}

struct WanVaeDecoder::Network {
  struct Level {
    std::vector<ResidualBlock> blocks;
    std::optional<Upsample> upsample;
  };

  Network(const WanVaeConfig& made_for, c10::TensorOptions options);
  /// `again`: layers run twice (`set_recompute`); only for a whole clip in one step.
  at::Tensor step(const at::Tensor& latent, CausalStream& stream, bool again = false) const;

  bool recompute = false;
  WanVaeConfig config;
  LatentStatistics statistics;
  nn::ParameterStore store;
  at::Tensor conv2_weight;
  at::Tensor conv2_bias;
  std::vector<CausalConv3d> conv_in;  // one
  std::vector<ResidualBlock> middle;  // two, the attention between them
  std::optional<FrameAttention> attention;
  std::vector<Level> levels;
  std::optional<NormSilu> head_norm;
  std::optional<CausalConv3d> head_conv;
};

WanVaeDecoder::Network::Network(const WanVaeConfig& made_for, c10::TensorOptions options)
    : config(made_for), statistics(config, options.device()), store(options) {
  conv2_weight = store.add("conv2.weight", {config.z_dim, config.z_dim, 1, 1, 1});
  conv2_bias = store.add("conv2.bias", {config.z_dim});
  const auto count = static_cast<std::int64_t>(config.dim_mult.size());
  std::int64_t width = config.dim * config.dim_mult.back();
  conv_in.emplace_back(store, "decoder.conv1", config.z_dim, width, 3, 3);
  middle.emplace_back(store, "decoder.middle.0", width, width);
  attention.emplace(store, "decoder.middle.1", width);
  middle.emplace_back(store, "decoder.middle.2", width, width);
  std::int64_t number = 0;
  for (std::int64_t level = 0; level < count; ++level) {
    const std::int64_t out =
        config.dim * config.dim_mult[static_cast<std::size_t>(count - 1 - level)];
    Level made;
    for (std::int64_t block = 0; block <= config.num_res_blocks; ++block) {
      made.blocks.emplace_back(store, "decoder.upsamples." + std::to_string(number++), width, out);
      width = out;
    }
    if (level + 1 < count) {
      const bool time = config.temporal_downsample[static_cast<std::size_t>(count - 2 - level)];
      made.upsample.emplace(store, "decoder.upsamples." + std::to_string(number++), width, time);
      width /= 2;
    }
    levels.push_back(std::move(made));
  }
  head_norm.emplace(store, "decoder.head.0.gamma", width);
  head_conv.emplace(store, "decoder.head.2", width, 3, 3, 3);
}

at::Tensor WanVaeDecoder::Network::step(const at::Tensor& latent, CausalStream& stream,
                                        bool again) const {
  stream.cursor = 0;
  // A whole clip hands nothing on, so that a layer that runs twice takes an empty stream of its
  // own.
  const auto run = [&stream, again](const auto& layer, const at::Tensor& input) {
    if (!again) return layer.forward(input, stream);
    return nn::recompute(
        [&layer](const std::vector<at::Tensor>& in) {
          CausalStream fresh;
          return layer.forward(in[0], fresh);
        },
        {input});
  };
  at::Tensor x = pointwise(statistics.denormalised(latent).to(conv2_weight.scalar_type()),
                           conv2_weight, conv2_bias);
  x = conv_in[0].forward(x, stream);
  x = run(middle[0], x);
  x = attention->forward(x);
  x = run(middle[1], x);
  for (const Level& level : levels) {
    for (const ResidualBlock& block : level.blocks) x = run(block, x);
    if (level.upsample) x = run(*level.upsample, x);
  }
  x = head_conv->forward(x, stream, &*head_norm);
  stream.at_start = false;
  return x.to(latent.scalar_type());
}

WanVaeDecoder::WanVaeDecoder(const WanVaeConfig& config, c10::TensorOptions options)
    : network_(std::make_unique<Network>(config, options)) {}
WanVaeDecoder::~WanVaeDecoder() = default;
WanVaeDecoder::WanVaeDecoder(WanVaeDecoder&&) noexcept = default;

void WanVaeDecoder::set_recompute(bool on) { network_->recompute = on; }

at::Tensor WanVaeDecoder::decode(const at::Tensor& latent) const {
  CausalStream stream;
  return network_->step(latent, stream, network_->recompute && at::GradMode::is_enabled());
}

at::Tensor WanVaeDecoder::decode_streamed(const at::Tensor& latent,
                                          std::int64_t latents_per_step) const {
  if (latents_per_step < 1) throw Error("decode_streamed: latents_per_step must be at least 1");
  CausalStream stream;
  std::vector<at::Tensor> parts;
  for (std::int64_t at = 0; at < latent.size(2);) {
    const std::int64_t count = at == 0 ? 1 : std::min(latents_per_step, latent.size(2) - at);
    parts.push_back(network_->step(latent.narrow(2, at, count), stream));
    at += count;
  }
  return at::cat(parts, 2);
}

const std::vector<std::pair<std::string, at::Tensor>>& WanVaeDecoder::parameters() const {
  return network_->store.items();
}

const WanVaeConfig& WanVaeDecoder::config() const { return network_->config; }

}  // namespace oasis::model
