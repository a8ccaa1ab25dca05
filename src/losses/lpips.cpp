#include "oasis/losses/lpips.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <array>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/nn/parameter_store.h"

namespace oasis::losses {
namespace {

constexpr std::size_t kTaps = 5;
constexpr std::array<double, 3> kShift = {-0.030, -0.088, -0.188};
constexpr std::array<double, 3> kScale = {0.458, 0.448, 0.450};

// A convolution with its ReLU, or a pooling; `tap` marks the ReLUs that LPIPS reads.
struct Layer {
  enum class Kind { conv, pool } kind;
  int index;         // of the convolution in torchvision's `features`
  std::int64_t out;  // channels
  std::int64_t kernel;
  std::int64_t stride;
  std::int64_t padding;
  bool tap;
};

constexpr Layer conv(int index, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                     std::int64_t padding, bool tap) {
  return {Layer::Kind::conv, index, out, kernel, stride, padding, tap};
}

constexpr Layer pool(std::int64_t kernel) { return {Layer::Kind::pool, 0, 0, kernel, 2, 0, false}; }

std::vector<Layer> trunk_layers(LpipsNet net) {
  if (net == LpipsNet::alex) {
    return {conv(0, 64, 11, 4, 2, true), pool(3),
            conv(3, 192, 5, 1, 2, true), pool(3),
            conv(6, 384, 3, 1, 1, true), conv(8, 256, 3, 1, 1, true),
            conv(10, 256, 3, 1, 1, true)};
  }
  std::vector<Layer> layers;
  const auto group = [&layers](int first, std::int64_t out, int count) {
    for (int i = 0; i < count; ++i) {
      layers.push_back(conv(first + 2 * i, out, 3, 1, 1, i == count - 1));
    }
  };
  group(0, 64, 2);
  layers.push_back(pool(2));
  group(5, 128, 2);
  layers.push_back(pool(2));
  group(10, 256, 3);
  layers.push_back(pool(2));
  group(17, 512, 3);
  layers.push_back(pool(2));
  group(24, 512, 3);
  return layers;
}

at::Tensor per_channel(const std::array<double, 3>& values, const at::Tensor& like) {
  return at::tensor(at::ArrayRef<double>(values), like.options()).view({1, 3, 1, 1});
}

// Unit length along the channels. The root's derivative is infinite at 0, where a position has no
// active channel: 1e-20 is below rounding everywhere else.
at::Tensor unit_channels(const at::Tensor& features) {
  const at::Tensor x = features.scalar_type() == at::kDouble ? features : features.to(at::kFloat);
  return x / ((x * x).sum(1, /*keepdim=*/true).add(1e-20).sqrt() + 1e-10);
}

}  // namespace

LpipsNet lpips_net_from(const std::string& name) {
  if (name == "alex") return LpipsNet::alex;
  if (name == "vgg") return LpipsNet::vgg;
  throw Error(ExitCode::usage, fmt::format("unknown LPIPS net '{}'; choose alex or vgg", name));
}

struct Lpips::Network {
  struct Conv {
    at::Tensor weight, bias;
  };

  Network(LpipsNet net, const c10::TensorOptions& options)
      : layers(trunk_layers(net)), trunk(options), linear(options.dtype(at::kFloat)) {
    std::int64_t channels = 3;
    for (const Layer& layer : layers) {
      if (layer.kind != Layer::Kind::conv) continue;
      const std::string name = fmt::format("features.{}.", layer.index);
      convs.push_back(
          {trunk.add(name + "weight", {layer.out, channels, layer.kernel, layer.kernel}),
           trunk.add(name + "bias", {layer.out})});
      channels = layer.out;
      if (layer.tap) {
        weights.push_back(
            linear.add(fmt::format("lin{}.model.1.weight", weights.size()), {1, layer.out, 1, 1}));
      }
    }
  }

  std::vector<at::Tensor> taps(const at::Tensor& picture) const {
    at::Tensor x = (picture - per_channel(kShift, picture)) / per_channel(kScale, picture);
    x = x.to(convs[0].weight.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
    std::vector<at::Tensor> result;
    std::size_t next = 0;
    for (const Layer& layer : layers) {
      if (layer.kind == Layer::Kind::pool) {
        x = at::max_pool2d(x, {layer.kernel, layer.kernel}, {layer.stride, layer.stride});
        continue;
      }
      const Conv& weights_of = convs[next++];
      x = at::relu(at::conv2d(x, weights_of.weight, weights_of.bias, {layer.stride, layer.stride},
                              {layer.padding, layer.padding}));
      if (layer.tap) result.push_back(x);
    }
    return result;
  }

  std::vector<Layer> layers;
  nn::ParameterStore trunk;
  nn::ParameterStore linear;
  std::vector<Conv> convs;
  std::vector<at::Tensor> weights;  // of the distances, per tap
};

Lpips::Lpips(LpipsNet net, const c10::TensorOptions& options)
    : net_(net), network_(std::make_unique<Network>(net, options)) {}

Lpips::~Lpips() = default;

void Lpips::load(const checkpoint::StateDict& trunk, const checkpoint::StateDict& linear,
                 const std::string& what) {
  checkpoint::StateDict features;
  for (const auto& [name, tensor] : trunk) {
    if (name.rfind("classifier.", 0) != 0) features.emplace(name, tensor);
  }
  checkpoint::load_strictly(network_->trunk.items(), features, what + ", trunk");
  checkpoint::load_strictly(network_->linear.items(), linear, what + ", linear layers");
}

std::vector<std::pair<std::string, at::Tensor>> Lpips::parameters() const {
  auto all = network_->trunk.items();
  all.insert(all.end(), network_->linear.items().begin(), network_->linear.items().end());
  return all;
}

at::Tensor Lpips::forward(const at::Tensor& pred, const at::Tensor& reference) const {
  const std::int64_t least = net_ == LpipsNet::alex ? 31 : 16;
  if (pred.sizes() != reference.sizes() || pred.size(2) < least || pred.size(3) < least) {
    throw Error(
        ExitCode::failed,
        fmt::format("LPIPS needs two pictures of one size and at least {0}x{0} pixels, not "
                    "[{1}] and [{2}]",
                    least, fmt::join(pred.sizes(), ", "), fmt::join(reference.sizes(), ", ")));
  }
  const std::vector<at::Tensor> a = network_->taps(pred);
  const std::vector<at::Tensor> b = network_->taps(reference);
  at::Tensor distance;
  for (std::size_t tap = 0; tap < kTaps; ++tap) {
    const at::Tensor difference = unit_channels(a[tap]) - unit_channels(b[tap]);
    const at::Tensor weight = network_->weights[tap].to(difference.scalar_type());
    const at::Tensor part = (difference * difference * weight).sum(1).mean({1, 2});
    distance = distance.defined() ? distance + part : part;
  }
  return distance;
}

}  // namespace oasis::losses
