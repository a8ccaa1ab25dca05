#include "oasis/model/taehv.h"

#include <torch/torch.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "model/activated_conv.h"
#include "model/frame_joins.h"
#include "model/frame_neighbours.h"
#include "oasis/core/error.h"
#include "oasis/nn/parameter_store.h"

namespace oasis::model {
namespace {

/// ReLU(conv4(ReLU(conv2(ReLU(conv0(x_t, x_{t-1}))))) + x_t), x_{-1} = 0.
class MemBlock {
 public:
  MemBlock(nn::ParameterStore& store, const std::string& name, std::int64_t width,
           double negative_slope)
      : negative_slope_(negative_slope) {
    for (int layer : {0, 2, 4}) {
      const std::string conv_name = name + ".conv." + std::to_string(layer);
      weights_.push_back(
          store.add(conv_name + ".weight", {width, layer == 0 ? 2 * width : width, 3, 3}));
      biases_.push_back(store.add(conv_name + ".bias", {width}));
    }
  }

  /// frames `[B*T, C, H, W]`, T fastest. `memory` `[B, 1, C, H, W]` is the frame before them (zeros
  /// if undefined) and becomes the last of them. `motion` as in `beside_the_frame_before`.
  at::Tensor forward(const at::Tensor& frames, std::int64_t batch, at::Tensor& memory,
                     const at::Tensor& motion = {}) const {
    at::Tensor y = activated_conv(beside_the_frame_before(frames, batch, memory, motion),
                                  weights_[0], biases_[0], negative_slope_);
    y = activated_conv(y, weights_[1], biases_[1], negative_slope_);
    y = conv_same(y, weights_[2], biases_[2]) + frames;
    return activate(y, negative_slope_);
  }

 private:
  double negative_slope_;
  std::vector<at::Tensor> weights_;
  std::vector<at::Tensor> biases_;
};

struct Step {
  std::vector<MemBlock> blocks;
  at::Tensor grow;    // [s * C, C, 1, 1]
  at::Tensor narrow;  // [next, C (+ condition), 3, 3]
  bool space = true;
  std::int64_t time = 1;
};

/// `[B, C, T, H, W]` -> `[B*T, C, H, W]`, channels last.
at::Tensor as_frames(const at::Tensor& clip, at::ScalarType dtype) {
  return clip.to(dtype).transpose(1, 2).flatten(0, 1).contiguous(at::MemoryFormat::ChannelsLast);
}

/// What a decoder with `condition_frames` sees beside its own features; undefined for others.
struct Surroundings {
  at::Tensor frames;  ///< [B, C*(2r+1), T, H, W]: each frame with its neighbours
  at::Tensor motion;  ///< [B, T, 2, H, W]: flow of each frame to the one before; if `align`

  Surroundings part(std::int64_t first, std::int64_t count) const {
    return {frames.defined() ? frames.narrow(2, first, count) : frames,
            motion.defined() ? motion.narrow(1, first, count) : motion};
  }
};

}  // namespace

struct TaehvDecoder::Network {
  Network(const TaehvConfig& made_for, c10::TensorOptions options);

  /// Untrimmed frames of a part of a clip; `memories` holds one frame per MemBlock between the
  /// parts.
  at::Tensor step(const at::Tensor& latent, const at::Tensor& condition, const Surroundings& around,
                  std::vector<at::Tensor>& memories) const;

  /// What the frames of a clip are seen beside at the full frame rate, from its condition.
  Surroundings surroundings(const at::Tensor& condition) const;

  TaehvConfig config;
  nn::ParameterStore store;
  at::Tensor in_weight;
  at::Tensor in_bias;
  std::vector<Step> steps;
  std::vector<MemBlock> last_blocks;
  at::Tensor out_weight;
  at::Tensor out_bias;
};

TaehvDecoder::Network::Network(const TaehvConfig& made_for, c10::TensorOptions options)
    : config(made_for), store(options) {
  validate(config);
  const auto& widths = config.widths;
  in_weight = store.add("decoder.1.weight", {widths[0], config.latent_channels, 3, 3});
  in_bias = store.add("decoder.1.bias", {widths[0]});
  int layer = 3;  // TAEHV's numbers: layers without weights count too
  const auto add_blocks = [&](std::vector<MemBlock>& blocks, std::size_t level) {
    for (std::int64_t i = 0; i < config.blocks[level]; ++i) {
      blocks.emplace_back(store, "decoder." + std::to_string(layer++), widths[level],
                          config.negative_slope);
    }
  };
  for (std::size_t index = 0; index < 3; ++index) {
    Step step;
    step.space = config.space_upscale[index];
    step.time = config.time_upscale[index] ? 2 : 1;
    add_blocks(step.blocks, index);
    step.grow = store.add("decoder." + std::to_string(layer + 1) + ".conv.weight",
                          {step.time * widths[index], widths[index], 1, 1});
    std::int64_t joined = index == 0 ? config.condition_channels : 0;
    if (index == 2 && config.condition_frames) joined = config.frame_channels();
    step.narrow = store.add("decoder." + std::to_string(layer + 2) + ".weight",
                            {widths[index + 1], widths[index] + joined, 3, 3});
    layer += 3;
    steps.push_back(std::move(step));
  }
  if (config.blocks[3] > 0) ++layer;  // the ReLU before them
  add_blocks(last_blocks, 3);
  const std::string head = config.named_head ? "head" : "decoder." + std::to_string(layer + 1);
  const std::int64_t out = 3 * config.head_upscale * config.head_upscale;
  out_weight = store.add(head + ".weight", {out, widths[3], 3, 3});
  out_bias = store.add(head + ".bias", {out});
}

std::int64_t TaehvConfig::frames_per_latent() const {
  std::int64_t frames = 1;
  for (const bool twice : time_upscale) frames *= twice ? 2 : 1;
  return frames;
}

std::int64_t TaehvConfig::frame_channels() const {
  return (2 * condition_neighbours + 1) * condition_channels / frames_per_latent();
}

std::int64_t TaehvConfig::spatial_scale() const {
  std::int64_t scale = head_upscale;
  for (const bool twice : space_upscale) scale *= twice ? 2 : 1;
  return scale;
}

void validate(const TaehvConfig& config) {
  const auto refuse = [](const std::string& what) { throw Error(ExitCode::usage, what); };
  if (*std::min_element(config.widths.begin(), config.widths.end()) < 1) {
    refuse("decoder: widths must be at least 1");
  }
  if (*std::min_element(config.blocks.begin(), config.blocks.end()) < 0) {
    refuse("decoder: numbers of blocks cannot be negative");
  }
  if (config.head_upscale < 1) refuse("decoder: head_upscale must be at least 1");
  if (!(config.negative_slope >= 0 && config.negative_slope < 1)) {
    refuse("decoder: negative_slope must be at least 0 and below 1");
  }
  if (config.condition_neighbours < 0) refuse("decoder: neighbours cannot be negative");
  if (config.condition_neighbours > 0 && !config.condition_frames) {
    refuse("decoder: neighbours need condition_frames");
  }
  if (config.align && config.condition_neighbours < 1) refuse("decoder: align needs neighbours");
  if (!config.condition_frames) return;
  if (config.space_upscale[1] || config.space_upscale[2]) {
    refuse("decoder: condition_frames needs frames of the condition's size behind the last step");
  }
  if (config.time_upscale[0] || config.condition_channels < 1 ||
      config.condition_channels % config.frames_per_latent() != 0) {
    refuse("decoder: condition_frames needs a condition with the channels of every frame");
  }
}

TaehvDecoder::TaehvDecoder(const TaehvConfig& config, c10::TensorOptions options)
    : network_(std::make_unique<Network>(config, options)) {}
TaehvDecoder::~TaehvDecoder() = default;
TaehvDecoder::TaehvDecoder(TaehvDecoder&&) noexcept = default;

at::Tensor TaehvDecoder::Network::step(const at::Tensor& latent, const at::Tensor& condition,
                                       const Surroundings& around,
                                       std::vector<at::Tensor>& memories) const {
  const std::int64_t batch = latent.size(0);
  const at::ScalarType dtype = in_weight.scalar_type();
  at::Tensor x = at::tanh(as_frames(latent, dtype) / 3) * 3;
  x = activated_conv(x, in_weight, in_bias, config.negative_slope);
  std::size_t slot = 0;
  for (const Step& part : steps) {
    for (const MemBlock& block : part.blocks) x = block.forward(x, batch, memories[slot++]);
    // 1x1, so it commutes with the upsampling and is 4x cheaper before it.
    x = one_behind_another(conv_same(x, part.grow), part.time);
    if (part.space) x = at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
    if (&part == &steps.front() && condition.defined()) {
      x = at::cat({x, as_frames(condition, dtype)}, 1);
    }
    if (&part == &steps.back() && config.condition_frames) {
      x = at::cat({x, as_frames(around.frames, dtype)}, 1);
    }
    x = conv_same(x.contiguous(at::MemoryFormat::ChannelsLast), part.narrow);
  }
  activate(x, config.negative_slope);
  const at::Tensor motion = around.motion.defined() ? around.motion.flatten(0, 1) : at::Tensor();
  for (const MemBlock& block : last_blocks) x = block.forward(x, batch, memories[slot++], motion);
  x = conv_same(x, out_weight, out_bias);
  if (config.head_upscale > 1) x = at::pixel_shuffle(x, config.head_upscale);
  return x.unflatten(0, {batch, x.size(0) / batch}).transpose(1, 2).to(latent.scalar_type());
}

Surroundings TaehvDecoder::Network::surroundings(const at::Tensor& condition) const {
  if (!config.condition_frames) return {};
  const at::ScalarType dtype = in_weight.scalar_type();
  const at::Tensor row = frames_in_a_row(condition, config.frames_per_latent());
  if (!config.align)
    return {frames_with_neighbours(row.to(dtype), config.condition_neighbours), {}};
  std::vector<FrameMotion> motions;
  std::vector<at::Tensor> flows;
  for (const at::Tensor& clip : row.unbind(0)) {
    motions.emplace_back(clip, config.condition_neighbours);
    flows.push_back(motions.back().to_the_frame_before());
  }
  return {frames_with_neighbours(row, config.condition_neighbours, motions).to(dtype),
          at::stack(flows).to(row.device())};
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
  std::size_t blocks = net.last_blocks.size();
  for (const Step& part : net.steps) blocks += part.blocks.size();
  std::vector<at::Tensor> memories(blocks);
  std::vector<at::Tensor> parts;
  const std::int64_t per_latent = net.config.frames_per_latent();
  const Surroundings around = net.surroundings(condition);
  for (std::int64_t at = 0; at < latent.size(2); at += latents_per_step) {
    const std::int64_t count = std::min(latents_per_step, latent.size(2) - at);
    const at::Tensor seen = condition.defined() ? condition.narrow(2, at, count) : condition;
    const Surroundings of_part = around.part(at * per_latent, count * per_latent);
    parts.push_back(net.step(latent.narrow(2, at, count), seen, of_part, memories));
  }
  const std::int64_t trim = per_latent - 1;
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
