#include "flow/raft_encoder.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

namespace oasis::flow {
namespace {

constexpr double kEpsilon = 1e-5;

}  // namespace

RaftNormLayer::RaftNormLayer(nn::ParameterStore& store, const std::string& name, RaftNorm kind,
                             std::int64_t channels)
    : kind_(kind) {
  if (kind != RaftNorm::batch) return;
  weight_ = store.add(name + ".weight", {channels});
  bias_ = store.add(name + ".bias", {channels});
  mean_ = store.add(name + ".running_mean", {channels});
  variance_ = store.add(name + ".running_var", {channels});
}

at::Tensor RaftNormLayer::operator()(const at::Tensor& x) const {
  switch (kind_) {
    case RaftNorm::none:
      return x;
    case RaftNorm::instance:
      return at::instance_norm(x, {}, {}, {}, {}, /*use_input_stats=*/true, 0.0, kEpsilon,
                               /*cudnn_enabled=*/false);
    case RaftNorm::batch:
      break;
  }
  return at::batch_norm(x, weight_, bias_, mean_, variance_, /*training=*/false, 0.0, kEpsilon,
                        /*cudnn_enabled=*/false);
}

RaftBlock::RaftBlock(nn::ParameterStore& store, const std::string& name, const Shape& shape) {
  const std::int64_t middle = shape.bottleneck ? shape.out / 4 : shape.out;
  std::vector<FrozenConv::Shape> convs;
  if (shape.bottleneck) {
    convs = {{shape.in, middle, {1, 1}},
             {middle, middle, {3, 3}, shape.stride},
             {middle, shape.out, {1, 1}}};
  } else {
    convs = {{shape.in, middle, {3, 3}, shape.stride}, {middle, shape.out, {3, 3}}};
  }
  for (std::size_t i = 0; i < convs.size(); ++i) {
    convs_.emplace_back(store, fmt::format("{}.conv{}", name, i + 1), convs[i]);
    norms_.emplace_back(store, fmt::format("{}.norm{}", name, i + 1), shape.norm, convs[i].out);
  }
  if (shape.stride == 1) return;
  shortcut_.emplace(store, name + ".downsample.0",
                    FrozenConv::Shape{shape.in, shape.out, {1, 1}, shape.stride});
  shortcut_norm_ = RaftNormLayer(store, name + ".downsample.1", shape.norm, shape.out);
}

at::Tensor RaftBlock::operator()(const at::Tensor& x) const {
  at::Tensor y = x;
  for (std::size_t i = 0; i < convs_.size(); ++i) y = at::relu(norms_[i](convs_[i](y)));
  const at::Tensor skip = shortcut_ ? shortcut_norm_((*shortcut_)(x)) : x;
  return at::relu(skip + y);
}

RaftEncoder::RaftEncoder(nn::ParameterStore& store, const std::string& name,
                         const RaftEncoderConfig& config, bool bottleneck)
    : stem_(store, name + ".conv1", {3, config.layers[0], {7, 7}, 2}),
      stem_norm_(store, name + ".norm1", config.norm, config.layers[0]) {
  std::int64_t channels = config.layers[0];
  for (std::size_t layer = 1; layer <= 3; ++layer) {
    const std::int64_t out = config.layers[layer];
    for (std::int64_t block = 0; block < 2; ++block) {
      const std::int64_t stride = layer > 1 && block == 0 ? 2 : 1;
      blocks_.emplace_back(store, fmt::format("{}.layer{}.{}", name, layer, block),
                           RaftBlock::Shape{channels, out, stride, bottleneck, config.norm});
      channels = out;
    }
  }
  output_ = FrozenConv(store, name + ".conv2", {channels, config.layers[4], {1, 1}});
}

at::Tensor RaftEncoder::operator()(const at::Tensor& frames) const {
  at::Tensor x = at::relu(stem_norm_(stem_(frames)));
  for (const RaftBlock& block : blocks_) x = block(x);
  return output_(x);
}

}  // namespace oasis::flow
