#include "oasis/metrics/dover_swin.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "metrics/dover_layers.h"
#include "oasis/core/error.h"
#include "oasis/metrics/swin_windows.h"

namespace oasis::metrics {
namespace {

constexpr double kEps = 1e-5;
constexpr std::int64_t kScoresAtOnce = 1 << 22;  // attention weights held at a time

struct BlockShape {
  std::int64_t channels;
  std::int64_t heads;
  std::int64_t hidden;  // of the MLP
  bool fragment_bias;
};

// A table's entries for the first `tokens` tokens of the window: `[heads, tokens, tokens]`.
at::Tensor look_up(const at::Tensor& table, const at::Tensor& index, std::int64_t tokens) {
  const at::Tensor part = index.narrow(0, 0, tokens).narrow(1, 0, tokens).reshape({-1});
  return table.index_select(0, part.to(table.device()))
      .view({tokens, tokens, table.size(1)})
      .permute({2, 0, 1})
      .contiguous();
}

struct Block {
  Block(nn::ParameterStore& store, const std::string& name, const BlockShape& shape,
        const Extent& full_window, bool is_shifted)
      : norm_1(store, name + "norm1", shape.channels, kEps),
        norm_2(store, name + "norm2", shape.channels, kEps),
        qkv(store, name + "attn.qkv", shape.channels, 3 * shape.channels),
        project(store, name + "attn.proj", shape.channels, shape.channels),
        widen(store, name + "mlp.fc1", shape.channels, shape.hidden),
        narrow(store, name + "mlp.fc2", shape.hidden, shape.channels),
        window(full_window),
        shifted(is_shifted),
        heads(shape.heads) {
    const std::int64_t positions = (2 * window[0] - 1) * (2 * window[1] - 1) * (2 * window[2] - 1);
    table = store.add(name + "attn.relative_position_bias_table", {positions, heads});
    if (shape.fragment_bias) {
      fragment_table = store.add(name + "attn.fragment_position_bias_table", {positions, heads});
    }
  }

  // x and the result [N, windows, tokens, C].
  at::Tensor attend(const at::Tensor& x, const SwinWindows& windows) const {
    const at::Tensor index = relative_position_index(window);
    const at::Tensor near = look_up(table, index, windows.tokens());
    const at::Tensor same =
        fragment_table.defined() ? look_up(fragment_table, index, windows.tokens()) : at::Tensor();
    const std::int64_t dim = x.size(3) / heads;
    // [3, N, windows, heads, tokens, dim]
    const at::Tensor parts =
        qkv(x).view({x.size(0), x.size(1), x.size(2), 3, heads, dim}).permute({3, 0, 1, 4, 2, 5});
    const at::Tensor q = parts[0] * (1 / std::sqrt(static_cast<double>(dim)));
    const std::int64_t per_window = x.size(0) * heads * x.size(2) * x.size(2);
    const std::int64_t step = std::max<std::int64_t>(kScoresAtOnce / per_window, 1);
    at::Tensor mixed = at::empty_like(x);
    for (std::int64_t first = 0; first < x.size(1); first += step) {
      const std::int64_t length = std::min(step, x.size(1) - first);
      at::Tensor bias = near.unsqueeze(0);
      if (same.defined()) {
        const at::Tensor gate = windows.gate(first, length, x.options()).unsqueeze(1);
        bias = near * gate + same * (1 - gate);
      }
      if (windows.shifted()) {
        bias = bias + windows.mask(first, length, x.options()).unsqueeze(1);
      }
      const at::Tensor scores = at::matmul(q.narrow(1, first, length),
                                           parts[1].narrow(1, first, length).transpose(3, 4)) +
                                bias;
      mixed.narrow(1, first, length)
          .copy_(at::matmul(scores.softmax(-1), parts[2].narrow(1, first, length))
                     .transpose(2, 3)
                     .flatten(3));
    }
    return project(mixed);
  }

  at::Tensor operator()(const at::Tensor& x) const {
    const SwinWindows windows({x.size(1), x.size(2), x.size(3)}, window, shifted);
    const at::Tensor y = x + windows.join(attend(windows.split(norm_1(x)), windows));
    return y + narrow(at::gelu(widen(norm_2(y))));
  }

  DoverNorm norm_1, norm_2;
  DoverLinear qkv, project, widen, narrow;
  at::Tensor table, fragment_table;
  Extent window;
  bool shifted;
  std::int64_t heads;
};

// Joins 2x2 neighbours and doubles the channels.
struct Merge {
  Merge(nn::ParameterStore& store, const std::string& name, std::int64_t channels)
      : norm(store, name + "norm", 4 * channels, kEps),
        reduction(store.add(name + "reduction.weight", {2 * channels, 4 * channels})) {}

  at::Tensor operator()(const at::Tensor& x) const {
    const at::Tensor even = at::constant_pad_nd(x, {0, 0, 0, x.size(3) % 2, 0, x.size(2) % 2});
    const auto corner = [&](std::int64_t row, std::int64_t col) {
      return even.slice(2, row, even.size(2), 2).slice(3, col, even.size(3), 2);
    };
    return at::linear(norm(at::cat({corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)}, -1)),
                      reduction);
  }

  DoverNorm norm;
  at::Tensor reduction;
};

void require_valid(const DoverSwinConfig& config) {
  const std::size_t layers = config.depths.size();
  bool valid = layers > 0 && config.heads.size() == layers && config.fragment_bias.size() == layers;
  for (std::size_t layer = 0; valid && layer < layers; ++layer) {
    valid = config.heads[layer] > 0 && (config.embed_dim << layer) % config.heads[layer] == 0;
  }
  if (!valid) {
    throw Error(
        "DOVER's technical branch: depths, heads and fragment biases must name the same "
        "layers, and the heads must divide the channels");
  }
}

}  // namespace

struct DoverSwin::Network {
  Network(const DoverSwinConfig& config, const c10::TensorOptions& options)
      : store(options), patch(config.patch), channels(config.embed_dim) {
    const std::string root = "technical_backbone.";
    embed_weight =
        store.add(root + "patch_embed.proj.weight", {channels, 3, patch[0], patch[1], patch[2]});
    embed_bias = store.add(root + "patch_embed.proj.bias", {channels});
    embed_norm = DoverNorm(store, root + "patch_embed.norm", channels, kEps);
    for (std::size_t layer = 0; layer < config.depths.size(); ++layer) {
      if (layer > 0) channels *= 2;
      const std::string name = fmt::format("{}layers.{}.", root, layer);
      const BlockShape shape = {
          channels, config.heads[layer],
          static_cast<std::int64_t>(static_cast<double>(channels) * config.mlp_ratio),
          config.fragment_bias[layer]};
      std::vector<Block>& blocks = layers.emplace_back();
      for (std::int64_t block = 0; block < config.depths[layer]; ++block) {
        blocks.emplace_back(store, fmt::format("{}blocks.{}.", name, block), shape, config.window,
                            block % 2 == 1);
      }
      if (layer + 1 < config.depths.size())
        merges.emplace_back(store, name + "downsample.", channels);
    }
    norm = DoverNorm(store, root + "norm", channels, kEps);
    head.emplace(store, "technical_head.", channels, config.head_hidden);
  }

  at::Tensor embed(const at::Tensor& video) const {
    const auto missing = [&](std::size_t axis) {
      const std::int64_t size = video.size(static_cast<std::int64_t>(axis) + 2);
      return (patch[axis] - size % patch[axis]) % patch[axis];
    };
    const at::Tensor padded =
        at::constant_pad_nd(video, {0, missing(2), 0, missing(1), 0, missing(0)});
    const at::Tensor tokens = at::conv3d(padded, embed_weight, embed_bias, at::IntArrayRef(patch));
    return embed_norm(tokens.permute({0, 2, 3, 4, 1}).contiguous());
  }

  at::Tensor features(const at::Tensor& video) const {
    at::Tensor x = embed(video);
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      for (const Block& block : layers[layer]) x = block(x);
      if (layer < merges.size()) x = merges[layer](x);
    }
    return norm(x);
  }

  nn::ParameterStore store;
  Extent patch;
  std::int64_t channels;
  at::Tensor embed_weight, embed_bias;
  DoverNorm embed_norm;
  std::vector<std::vector<Block>> layers;
  std::vector<Merge> merges;
  DoverNorm norm;
  std::optional<DoverHead> head;
};

DoverSwin::DoverSwin(const DoverSwinConfig& config, const c10::TensorOptions& options) {
  require_valid(config);
  network_ = std::make_unique<Network>(config, options);
}

DoverSwin::~DoverSwin() = default;

void DoverSwin::load(const checkpoint::StateDict& weights, const std::string& what) {
  checkpoint::load_strictly(network_->store.items(), dover_branch_weights(weights, "technical"),
                            what + ", technical branch");
}

DoverBranchOutput DoverSwin::forward(const at::Tensor& video) const {
  require_dover_video(video, 1, 1);
  return (*network_->head)(network_->features(video));
}

}  // namespace oasis::metrics
