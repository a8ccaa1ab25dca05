#include <torch/torch.h>

#include <algorithm>
#include <optional>

#include "model/latent_statistics.h"
#include "model/vae_layers.h"
#include "oasis/core/error.h"
#include "oasis/model/wan_vae.h"

namespace oasis::model {

struct WanVaeEncoder::Network {
  struct Level {
    std::vector<ResidualBlock> blocks;
    std::optional<Downsample> downsample;
  };

  Network(const WanVaeConfig& made_for, c10::TensorOptions options);
  at::Tensor step(const at::Tensor& video, CausalStream& stream) const;

  WanVaeConfig config;
  LatentStatistics statistics;
  nn::ParameterStore store;
  std::optional<CausalConv3d> conv_in;
  std::vector<Level> levels;
  std::vector<ResidualBlock> middle;  // two, the attention between them
  std::optional<FrameAttention> attention;
  std::optional<NormSilu> head_norm;
  std::optional<CausalConv3d> head_conv;
  at::Tensor conv1_weight;
  at::Tensor conv1_bias;
};

WanVaeEncoder::Network::Network(const WanVaeConfig& made_for, c10::TensorOptions options)
    : config(made_for), statistics(config, options.device()), store(options) {
  std::int64_t width = config.dim;
  conv_in.emplace(store, "encoder.conv1", 3, width, 3, 3);
  std::int64_t number = 0;
  for (std::size_t level = 0; level < config.dim_mult.size(); ++level) {
    const std::int64_t out = config.dim * config.dim_mult[level];
    Level made;
    for (std::int64_t block = 0; block < config.num_res_blocks; ++block) {
      made.blocks.emplace_back(store, "encoder.downsamples." + std::to_string(number++), width,
                               out);
      width = out;
    }
    if (level + 1 < config.dim_mult.size()) {
      made.downsample.emplace(store, "encoder.downsamples." + std::to_string(number++), width,
                              config.temporal_downsample[level]);
    }
    levels.push_back(std::move(made));
  }
  middle.emplace_back(store, "encoder.middle.0", width, width);
  attention.emplace(store, "encoder.middle.1", width);
  middle.emplace_back(store, "encoder.middle.2", width, width);
  head_norm.emplace(store, "encoder.head.0.gamma", width);
  head_conv.emplace(store, "encoder.head.2", width, 2 * config.z_dim, 3, 3);
  conv1_weight = store.add("conv1.weight", {2 * config.z_dim, 2 * config.z_dim, 1, 1, 1});
  conv1_bias = store.add("conv1.bias", {2 * config.z_dim});
}

at::Tensor WanVaeEncoder::Network::step(const at::Tensor& video, CausalStream& stream) const {
  stream.cursor = 0;
  at::Tensor x = conv_in->forward(video.to(conv1_weight.scalar_type()), stream);
  for (const Level& level : levels) {
    for (const ResidualBlock& block : level.blocks) x = block.forward(x, stream);
    if (level.downsample) x = level.downsample->forward(x, stream);
  }
  x = middle[0].forward(x, stream);
  x = attention->forward(x);
  x = middle[1].forward(x, stream);
  x = pointwise(head_conv->forward(x, stream, &*head_norm), conv1_weight, conv1_bias);
  stream.at_start = false;
  return statistics.normalised(x.narrow(1, 0, config.z_dim)).to(video.scalar_type());
}

WanVaeEncoder::WanVaeEncoder(const WanVaeConfig& config, c10::TensorOptions options)
    : network_(std::make_unique<Network>(config, options)) {}
WanVaeEncoder::~WanVaeEncoder() = default;
WanVaeEncoder::WanVaeEncoder(WanVaeEncoder&&) noexcept = default;

at::Tensor WanVaeEncoder::encode(const at::Tensor& video) const {
  CausalStream stream;
  return network_->step(video.narrow(2, 0, 1 + (video.size(2) - 1) / 4 * 4), stream);
}

at::Tensor WanVaeEncoder::encode_streamed(const at::Tensor& video,
                                          std::int64_t groups_per_step) const {
  if (groups_per_step < 1) throw Error("encode_streamed: groups_per_step must be at least 1");
  CausalStream stream;
  const std::int64_t frames = 1 + (video.size(2) - 1) / 4 * 4;
  std::vector<at::Tensor> parts;
  for (std::int64_t at = 0; at < frames;) {
    const std::int64_t count = at == 0 ? 1 : std::min(4 * groups_per_step, frames - at);
    parts.push_back(network_->step(video.narrow(2, at, count), stream));
    at += count;
  }
  return at::cat(parts, 2);
}

const std::vector<std::pair<std::string, at::Tensor>>& WanVaeEncoder::parameters() const {
  return network_->store.items();
}

}  // namespace oasis::model
