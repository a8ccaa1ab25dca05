#include "oasis/metrics/dover_convnext.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <utility>

#include "metrics/dover_layers.h"
#include "oasis/core/error.h"

namespace oasis::metrics {
namespace {

constexpr double kEps = 1e-6;

at::Tensor channels_last(const at::Tensor& x) { return x.permute({0, 2, 3, 4, 1}); }
at::Tensor channels_first(const at::Tensor& x) { return x.permute({0, 4, 1, 2, 3}); }

// A convolution whose stride is its kernel; x and the result have their channels last.
struct PatchConv {
  PatchConv(nn::ParameterStore& store, const std::string& name, at::IntArrayRef shape)
      : weight(store.add(name + ".weight", shape)), bias(store.add(name + ".bias", {shape[0]})) {}
  at::Tensor operator()(const at::Tensor& x) const {
    return channels_last(at::conv3d(channels_first(x), weight, bias, weight.sizes().slice(2)));
  }
  at::Tensor weight, bias;
};

struct Block {
  Block(nn::ParameterStore& store, const std::string& name, std::int64_t channels,
        std::int64_t frames)
      : weight(store.add(name + "dwconv.weight", {channels, 1, frames, 7, 7})),
        bias(store.add(name + "dwconv.bias", {channels})),
        norm(store, name + "norm", channels, kEps),
        widen(store, name + "pwconv1", channels, 4 * channels),
        narrow(store, name + "pwconv2", 4 * channels, channels),
        gamma(store.add(name + "gamma", {channels})) {}

  at::Tensor operator()(const at::Tensor& x) const {
    const at::Tensor mixed = at::conv3d(channels_first(x), weight, bias, {1, 1, 1},
                                        {weight.size(2) / 2, 3, 3}, {1, 1, 1}, weight.size(0));
    return x + gamma * narrow(at::gelu(widen(norm(channels_last(mixed)))));
  }

  at::Tensor weight, bias;
  DoverNorm norm;
  DoverLinear widen, narrow;
  at::Tensor gamma;
};

void require_valid(const DoverConvNextConfig& config) {
  bool valid = config.depths.size() == 4 && config.dims.size() == 4 && !config.inflate.empty();
  for (const char digit : config.inflate) {
    valid = valid && digit >= '1' && digit <= '9' && (digit - '0') % 2 == 1;
  }
  if (!valid) {
    throw Error("DOVER's aesthetic branch has 4 stages and spans of an odd number of frames");
  }
}

}  // namespace

struct DoverConvNext::Network {
  Network(const DoverConvNextConfig& config, const c10::TensorOptions& options)
      : store(options), head(store, "aesthetic_head.", config.dims.back(), config.head_hidden) {
    const std::string root = "aesthetic_backbone.";
    for (std::size_t stage = 0; stage < config.dims.size(); ++stage) {
      const std::int64_t channels = config.dims[stage];
      const std::string entry = fmt::format("{}downsample_layers.{}.", root, stage);
      if (stage == 0) {
        entries.emplace_back(store, entry + "0", at::IntArrayRef{channels, 3, 2, 4, 4});
        entry_norms.emplace_back(store, entry + "1", channels, kEps);
      } else {
        const std::int64_t before = config.dims[stage - 1];
        entry_norms.emplace_back(store, entry + "0", before, kEps);
        entries.emplace_back(store, entry + "1", at::IntArrayRef{channels, before, 1, 2, 2});
      }
      std::vector<Block>& blocks = stages.emplace_back();
      for (std::int64_t block = 0; block < config.depths[stage]; ++block) {
        const char span = config.inflate[static_cast<std::size_t>(block) % config.inflate.size()];
        blocks.emplace_back(store, fmt::format("{}stages.{}.{}.", root, stage, block), channels,
                            span - '0');
      }
    }
    norm = DoverNorm(store, root + "norm", config.dims.back(), kEps);
  }

  at::Tensor features(const at::Tensor& video) const {
    at::Tensor x = channels_last(video.contiguous(at::MemoryFormat::ChannelsLast3d));
    for (std::size_t stage = 0; stage < stages.size(); ++stage) {
      x = stage == 0 ? entry_norms[0](entries[0](x)) : entries[stage](entry_norms[stage](x));
      for (const Block& block : stages[stage]) x = block(x);
    }
    return norm(x);
  }

  nn::ParameterStore store;
  DoverHead head;
  std::vector<PatchConv> entries;
  std::vector<DoverNorm> entry_norms;
  std::vector<std::vector<Block>> stages;
  DoverNorm norm;
};

DoverConvNext::DoverConvNext(const DoverConvNextConfig& config, const c10::TensorOptions& options) {
  require_valid(config);
  network_ = std::make_unique<Network>(config, options);
}

DoverConvNext::~DoverConvNext() = default;

void DoverConvNext::load(const checkpoint::StateDict& weights, const std::string& what) {
  checkpoint::load_strictly(network_->store.items(), dover_branch_weights(weights, "aesthetic"),
                            what + ", aesthetic branch");
}

DoverBranchOutput DoverConvNext::forward(const at::Tensor& video) const {
  require_dover_video(video, 2, 32);
  return network_->head(network_->features(video));
}

}  // namespace oasis::metrics
