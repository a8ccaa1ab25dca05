#include "oasis/model/taehv.h"

#include <torch/torch.h>

#include <algorithm>
#include <optional>

#include "oasis/core/error.h"
#include "oasis/nn/parameter_store.h"

namespace oasis::model {
namespace {

at::Tensor conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {}) {
  const std::int64_t side = weight.size(2) / 2;
  return at::conv2d(x, weight, bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt,
                    at::IntArrayRef({1, 1}), at::IntArrayRef({side, side}));
}

/// ReLU(conv4(ReLU(conv2(ReLU(conv0(x_t, x_{t-1}))))) + x_t), x_{-1} = 0.
class MemBlock {
 public:
  MemBlock(nn::ParameterStore& store, const std::string& name, std::int64_t width) {
    for (int layer : {0, 2, 4}) {
      const std::string conv_name = name + ".conv." + std::to_string(layer);
      weights_.push_back(
          store.add(conv_name + ".weight", {width, layer == 0 ? 2 * width : width, 3, 3}));
      biases_.push_back(store.add(conv_name + ".bias", {width}));
    }
  }

  /// frames `[B*T, C, H, W]`, T fastest. `memory` `[B, 1, C, H, W]` is the frame before them (zeros
  /// if undefined) and becomes the last of them.
  at::Tensor forward(const at::Tensor& frames, std::int64_t batch, at::Tensor& memory) const {
    const at::Tensor clips = frames.unflatten(0, {batch, frames.size(0) / batch});
    const std::int64_t count = clips.size(1);
    if (!memory.defined()) memory = at::zeros_like(clips.narrow(1, 0, 1));
    const at::Tensor before = at::cat({memory, clips.narrow(1, 0, count - 1)}, 1);
    memory = clips.narrow(1, count - 1, 1);
    const at::Tensor both = at::cat({frames, before.flatten(0, 1)}, 1);
    at::Tensor y = conv(both.contiguous(at::MemoryFormat::ChannelsLast), weights_[0], biases_[0]);
    y = conv(y.relu_(), weights_[1], biases_[1]);
    y = conv(y.relu_(), weights_[2], biases_[2]);
    return (y + frames).relu_();
  }

 private:
  std::vector<at::Tensor> weights_;
  std::vector<at::Tensor> biases_;
};

struct Step {
  std::vector<MemBlock> blocks;  // three
  at::Tensor grow;               // [s * C, C, 1, 1]
  at::Tensor narrow;             // [next, C (+ condition), 3, 3]
  bool space = true;
  std::int64_t time = 1;
};

/// Output channels [0, C) are the earlier frame.
at::Tensor grow_time(const at::Tensor& frames, const at::Tensor& weight, std::int64_t times) {
  const at::Tensor grown = conv(frames, weight);
  if (times == 1) return grown;
  return grown.unflatten(1, {times, frames.size(1)}).flatten(0, 1);
}

}  // namespace

struct TaehvDecoder::Network {
  Network(const TaehvConfig& made_for, c10::TensorOptions options);

  /// Untrimmed frames of a part of a clip; `memories` holds one frame per MemBlock between the
  /// parts.
  at::Tensor step(const at::Tensor& latent, const at::Tensor& condition,
                  std::vector<at::Tensor>& memories) const;
  std::int64_t frames_per_latent() const;

  TaehvConfig config;
  nn::ParameterStore store;
  at::Tensor in_weight;
  at::Tensor in_bias;
  std::vector<Step> steps;
  at::Tensor out_weight;
  at::Tensor out_bias;
};

TaehvDecoder::Network::Network(const TaehvConfig& made_for, c10::TensorOptions options)
    : config(made_for), store(options) {
  const auto& widths = config.widths;
  in_weight = store.add("decoder.1.weight", {widths[0], config.latent_channels, 3, 3});
  in_bias = store.add("decoder.1.bias", {widths[0]});
  for (std::size_t index = 0; index < 3; ++index) {
    const int first = 3 + 6 * static_cast<int>(index);
    Step step;
    step.space = config.space_upscale[index];
    step.time = config.time_upscale[index] ? 2 : 1;
    for (int block = first; block < first + 3; ++block) {
      step.blocks.emplace_back(store, "decoder." + std::to_string(block), widths[index]);
    }
    step.grow = store.add("decoder." + std::to_string(first + 4) + ".conv.weight",
                          {step.time * widths[index], widths[index], 1, 1});
    const std::int64_t joined = index == 0 ? config.condition_channels : 0;
    step.narrow = store.add("decoder." + std::to_string(first + 5) + ".weight",
                            {widths[index + 1], widths[index] + joined, 3, 3});
    steps.push_back(std::move(step));
  }
  const std::string head = config.named_head ? "head" : "decoder.22";
  out_weight = store.add(head + ".weight", {3, widths[3], 3, 3});
  out_bias = store.add(head + ".bias", {3});
}

TaehvDecoder::TaehvDecoder(const TaehvConfig& config, c10::TensorOptions options)
    : network_(std::make_unique<Network>(config, options)) {}
TaehvDecoder::~TaehvDecoder() = default;
TaehvDecoder::TaehvDecoder(TaehvDecoder&&) noexcept = default;

std::int64_t TaehvDecoder::Network::frames_per_latent() const {
  std::int64_t frames = 1;
  for (const Step& part : steps) frames *= part.time;
  return frames;
}

at::Tensor TaehvDecoder::Network::step(const at::Tensor& latent, const at::Tensor& condition,
                                       std::vector<at::Tensor>& memories) const {
  const std::int64_t batch = latent.size(0);
  const auto as_frames = [&](const at::Tensor& clip) {
    return clip.to(in_weight.scalar_type())
        .transpose(1, 2)
        .flatten(0, 1)
        .contiguous(at::MemoryFormat::ChannelsLast);
  };
  at::Tensor x = at::tanh(as_frames(latent) / 3) * 3;
  x = conv(x, in_weight, in_bias).relu_();
  std::size_t slot = 0;
  for (const Step& part : steps) {
    for (const MemBlock& block : part.blocks) x = block.forward(x, batch, memories[slot++]);
    x = grow_time(x, part.grow, part.time);  // commutes with the upsampling, 4x cheaper before it
    if (part.space) x = at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
    if (&part == &steps.front() && condition.defined()) x = at::cat({x, as_frames(condition)}, 1);
    x = conv(x.contiguous(at::MemoryFormat::ChannelsLast), part.narrow);
  }
  x = conv(x.relu_(), out_weight, out_bias);
  return x.unflatten(0, {batch, x.size(0) / batch}).transpose(1, 2).to(latent.scalar_type());
}

at::Tensor TaehvDecoder::decode(const at::Tensor& latent, const at::Tensor& condition) const {
  return decode_streamed(latent, latent.size(2), condition);
}

at::Tensor TaehvDecoder::decode_streamed(const at::Tensor& latent, std::int64_t latents_per_step,
                                         const at::Tensor& condition) const {
  const Network& net = *network_;
  if (condition.defined() != (net.config.condition_channels > 0)) {
    throw Error("TAEHV decoder: a condition is given where there is none to be, or it is missing");
  }
  if (latents_per_step < 1) throw Error("decode_streamed: latents_per_step must be at least 1");
  std::vector<at::Tensor> memories(3 * net.steps.size());
  std::vector<at::Tensor> parts;
  for (std::int64_t at = 0; at < latent.size(2); at += latents_per_step) {
    const std::int64_t count = std::min(latents_per_step, latent.size(2) - at);
    const at::Tensor seen = condition.defined() ? condition.narrow(2, at, count) : condition;
    parts.push_back(net.step(latent.narrow(2, at, count), seen, memories));
  }
  const std::int64_t trim = net.frames_per_latent() - 1;
  parts.front() = parts.front().narrow(2, trim, parts.front().size(2) - trim);
  return parts.size() == 1 ? parts.front() : at::cat(parts, 2);
}

const std::vector<std::pair<std::string, at::Tensor>>& TaehvDecoder::parameters() const {
  return network_->store.items();
}

checkpoint::StateDict taehv_decoder_weights(const checkpoint::StateDict& weights,
                                            const TaehvDecoder& decoder) {
  checkpoint::StateDict fitted;
  for (const auto& [name, tensor] : weights) {
    if (!name.starts_with("encoder.")) fitted.emplace(name, tensor);
  }
  for (const auto& [name, parameter] : decoder.parameters()) {
    const auto found = fitted.find(name);
    if (found == fitted.end() || !name.ends_with(".conv.weight")) continue;
    const std::int64_t extra = found->second.size(0) - parameter.size(0);
    if (extra > 0) found->second = found->second.narrow(0, extra, parameter.size(0));
  }
  return fitted;
}

}  // namespace oasis::model
