#include "oasis/model/frame_cnn.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "oasis/core/error.h"
#include "oasis/nn/parameter_store.h"

namespace oasis::model {
namespace {

constexpr std::int64_t scale = 4;

struct Conv {
  Conv(nn::ParameterStore& store, const std::string& name, std::int64_t out, std::int64_t in)
      : weight(store.add(name + ".weight", {out, in, 3, 3})),
        bias(store.add(name + ".bias", {out})) {}

  at::Tensor operator()(const at::Tensor& x) const {
    return at::conv2d(x, weight, bias, at::IntArrayRef({1, 1}), at::IntArrayRef({1, 1}));
  }

  at::Tensor weight;
  at::Tensor bias;
};

}  // namespace

struct FrameCnn::Network {
  Network(const FrameCnnConfig& config, c10::TensorOptions options);
  at::Tensor forward(const at::Tensor& frames) const;

  nn::ParameterStore store;
  std::vector<Conv> first_and_head;
  std::vector<std::array<Conv, 2>> blocks;
};

FrameCnn::Network::Network(const FrameCnnConfig& config, c10::TensorOptions options)
    : store(options) {
  if (config.width < 1 || config.blocks < 1) {
    throw Error(ExitCode::usage, fmt::format("frame_cnn: a width of {} with {} blocks; both must "
                                             "be at least 1",
                                             config.width, config.blocks));
  }
  const std::int64_t width = config.width;
  first_and_head.emplace_back(store, "first", width, 3);
  for (std::int64_t i = 0; i < config.blocks; ++i) {
    const std::string name = fmt::format("blocks.{}.", i);
    blocks.push_back(
        {Conv(store, name + "0", width, width), Conv(store, name + "1", width, width)});
  }
  first_and_head.emplace_back(store, "head", 3 * scale * scale, width);
}

at::Tensor FrameCnn::Network::forward(const at::Tensor& frames) const {
  at::Tensor x = first_and_head[0](frames);
  for (const auto& block : blocks) x = x + block[1](block[0](x).relu_());
  return at::pixel_shuffle(first_and_head[1](x), scale);
}

FrameCnn::FrameCnn(const FrameCnnConfig& config, c10::TensorOptions options)
    : network_(std::make_unique<Network>(config, options)) {}
FrameCnn::~FrameCnn() = default;
FrameCnn::FrameCnn(FrameCnn&&) noexcept = default;

at::Tensor FrameCnn::forward(const at::Tensor& lq, std::int64_t frames_at_once) const {
  const at::Tensor frames = lq.to(network_->first_and_head[0].weight.scalar_type())
                                .transpose(1, 2)
                                .flatten(0, 1)
                                .contiguous(at::MemoryFormat::ChannelsLast);
  std::vector<at::Tensor> parts;
  for (std::int64_t at = 0; at < frames.size(0); at += frames_at_once) {
    const std::int64_t count = std::min(frames_at_once, frames.size(0) - at);
    parts.push_back(network_->forward(frames.narrow(0, at, count)));
  }
  const at::Tensor all = parts.size() == 1 ? parts.front() : at::cat(parts);
  return all.unflatten(0, {lq.size(0), lq.size(2)}).transpose(1, 2).to(lq.scalar_type());
}

const std::vector<std::pair<std::string, at::Tensor>>& FrameCnn::parameters() const {
  return network_->store.items();
}

}  // namespace oasis::model
