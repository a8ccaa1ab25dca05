#include "oasis/metrics/clip_image.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/nn/parameter_store.h"

namespace oasis::metrics {
namespace {

constexpr std::array<double, 3> kMean = {0.48145466, 0.4578275, 0.40821073};
constexpr std::array<double, 3> kStd = {0.26862954, 0.26130258, 0.27577711};
constexpr std::int64_t kLeastSide = 32;

at::Tensor per_channel(const std::array<double, 3>& values, const at::Tensor& like) {
  return at::tensor(at::ArrayRef<double>(values), like.options()).view({1, 3, 1, 1});
}

at::Tensor halve(const at::Tensor& x, std::int64_t stride) {
  return stride == 1 ? x : at::avg_pool2d(x, {stride, stride}, {stride, stride});
}

// A convolution without bias and its batch norm with stored statistics.
struct ConvNorm {
  ConvNorm() = default;
  ConvNorm(nn::ParameterStore& store, const std::string& conv, const std::string& norm,
           std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t step = 1)
      : kernel_weight(store.add(conv + ".weight", {out, in, kernel, kernel})),
        weight(store.add(norm + ".weight", {out})),
        bias(store.add(norm + ".bias", {out})),
        mean(store.add(norm + ".running_mean", {out})),
        variance(store.add(norm + ".running_var", {out})),
        stride(step) {}

  at::Tensor operator()(const at::Tensor& x) const {
    const std::int64_t padding = kernel_weight.size(2) / 2;
    const at::Tensor y = at::conv2d(x, kernel_weight, {}, {stride, stride}, {padding, padding});
    return at::batch_norm(y, weight, bias, mean, variance, /*training=*/false, 0.0, 1e-5, false);
  }

  at::Tensor kernel_weight, weight, bias, mean, variance;
  std::int64_t stride = 1;
};

struct Bottleneck {
  Bottleneck(nn::ParameterStore& store, const std::string& name, std::int64_t in,
             std::int64_t planes, std::int64_t step, bool projects)
      : first(store, name + "conv1", name + "bn1", in, planes, 1),
        second(store, name + "conv2", name + "bn2", planes, planes, 3),
        third(store, name + "conv3", name + "bn3", planes, 4 * planes, 1),
        stride(step),
        has_shortcut(projects) {
    if (projects) {
      shortcut = ConvNorm(store, name + "downsample.0", name + "downsample.1", in, 4 * planes, 1);
    }
  }

  at::Tensor operator()(const at::Tensor& x) const {
    const at::Tensor y = at::relu(second(at::relu(first(x))));
    const at::Tensor identity = has_shortcut ? shortcut(halve(x, stride)) : x;
    return at::relu(third(halve(y, stride)) + identity);
  }

  ConvNorm first, second, third, shortcut;
  std::int64_t stride;
  bool has_shortcut;
};

struct Linear {
  Linear(nn::ParameterStore& store, const std::string& name, std::int64_t in, std::int64_t out)
      : weight(store.add(name + ".weight", {out, in})), bias(store.add(name + ".bias", {out})) {}
  at::Tensor operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }
  at::Tensor weight, bias;
};

// Attention of the mean position to all positions and itself.
struct AttentionPool {
  AttentionPool(nn::ParameterStore& store, std::int64_t channels, std::int64_t heads_,
                std::int64_t out)
      : query(store, "visual.attnpool.q_proj", channels, channels),
        key(store, "visual.attnpool.k_proj", channels, channels),
        value(store, "visual.attnpool.v_proj", channels, channels),
        project(store, "visual.attnpool.c_proj", channels, out),
        heads(heads_) {}

  at::Tensor operator()(const at::Tensor& x) const {
    const at::Tensor positions = x.flatten(2).transpose(1, 2);  // [N, positions, channels]
    const at::Tensor mean = positions.mean(1, /*keepdim=*/true);
    const at::Tensor tokens = at::cat({mean, positions}, 1);
    const std::int64_t dim = x.size(1) / heads;
    const auto split = [&](const at::Tensor& t) {
      return t.view({t.size(0), t.size(1), heads, dim}).transpose(1, 2);
    };
    const at::Tensor q = split(query(mean)) / std::sqrt(static_cast<double>(dim));
    const at::Tensor weights = at::matmul(q, split(key(tokens)).transpose(2, 3)).softmax(-1);
    return project(at::matmul(weights, split(value(tokens))).flatten(1));
  }

  Linear query, key, value, project;
  std::int64_t heads;
};

}  // namespace

struct ClipImage::Network {
  Network(const ClipImageConfig& config, const c10::TensorOptions& options)
      : store(options),
        stem{ConvNorm(store, "visual.conv1", "visual.bn1", 3, config.width / 2, 3, 2),
             ConvNorm(store, "visual.conv2", "visual.bn2", config.width / 2, config.width / 2, 3),
             ConvNorm(store, "visual.conv3", "visual.bn3", config.width / 2, config.width, 3)},
        pool(store, 32 * config.width, config.heads, config.embed_dim) {
    std::int64_t channels = config.width;
    for (std::size_t layer = 0; layer < config.layers.size(); ++layer) {
      const std::int64_t planes = config.width << layer;
      for (std::int64_t block = 0; block < config.layers[layer]; ++block) {
        const bool first = block == 0;
        blocks.emplace_back(store, fmt::format("visual.layer{}.{}.", layer + 1, block), channels,
                            planes, first && layer > 0 ? 2 : 1, first);
        channels = 4 * planes;
      }
    }
  }

  nn::ParameterStore store;
  std::array<ConvNorm, 3> stem;
  AttentionPool pool;
  std::vector<Bottleneck> blocks;
};

ClipImage::ClipImage(const ClipImageConfig& config, const c10::TensorOptions& options)
    : network_(std::make_unique<Network>(config, options)) {}

ClipImage::~ClipImage() = default;

void ClipImage::load(const checkpoint::StateDict& weights, const std::string& what) {
  checkpoint::StateDict tower;
  for (const auto& [name, tensor] : weights) {
    const bool tracked = name.find(".num_batches_tracked") != std::string::npos;
    if (!tracked && name != "visual.attnpool.positional_embedding") tower.emplace(name, tensor);
  }
  checkpoint::load_strictly(network_->store.items(), tower, what);
}

at::Tensor ClipImage::forward(const at::Tensor& picture) const {
  if (picture.dim() != 4 || picture.size(1) != 3 || picture.size(2) < kLeastSide ||
      picture.size(3) < kLeastSide) {
    throw Error(fmt::format("CLIP needs pictures [N, 3, H, W] of at least 32x32 pixels, not [{}]",
                            fmt::join(picture.sizes(), ", ")));
  }
  at::Tensor x = (picture - per_channel(kMean, picture)) / per_channel(kStd, picture);
  x = x.contiguous(at::MemoryFormat::ChannelsLast);
  for (const ConvNorm& conv : network_->stem) x = at::relu(conv(x));
  x = halve(x, 2);
  for (const Bottleneck& block : network_->blocks) x = block(x);
  return network_->pool(x);
}

}  // namespace oasis::metrics
