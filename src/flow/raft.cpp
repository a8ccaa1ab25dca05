#include "oasis/flow/raft.h"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <vector>

#include "flow/correlation.h"
#include "flow/raft_encoder.h"
#include "flow/raft_keys.h"
#include "flow/raft_update.h"
#include "oasis/checkpoint/safetensors.h"
#include "oasis/checkpoint/torch_pickle.h"
#include "oasis/core/error.h"
#include "oasis/nn/parameter_store.h"

namespace oasis::flow {
namespace {

at::Tensor pixel_grid(std::int64_t rows, std::int64_t cols, const at::TensorOptions& options) {
  const at::Tensor x = at::arange(cols, options).view({1, cols}).expand({rows, cols});
  const at::Tensor y = at::arange(rows, options).view({rows, 1}).expand({rows, cols});
  return at::stack({x, y}).unsqueeze(0);
}

Raft::Features narrow(const Raft::Features& features, std::int64_t first, std::int64_t count) {
  return {features.map.narrow(0, first, count), features.context.narrow(0, first, count)};
}

}  // namespace

struct Raft::Network {
  Network(const RaftConfig& config, const c10::TensorOptions& options)
      : store(options.dtype(at::kFloat)),
        features(store, "fnet", config.feature, config.bottleneck),
        context(store, "cnet", config.context, config.bottleneck),
        update(store, config) {}

  nn::ParameterStore store;
  RaftEncoder features;
  RaftEncoder context;
  RaftUpdate update;
};

Raft::Raft(const RaftConfig& config, const c10::TensorOptions& options)
    : config_(config), network_(std::make_unique<Network>(config, options)) {}

Raft::~Raft() = default;

const std::vector<std::pair<std::string, at::Tensor>>& Raft::parameters() const {
  return network_->store.items();
}

void Raft::load(const checkpoint::StateDict& weights, const std::string& what) {
  checkpoint::load_strictly(network_->store.items(),
                            raft_weights(weights, config_.bottleneck, what), what);
}

std::unique_ptr<Raft> Raft::from_file(const std::string& path, const c10::TensorOptions& options) {
  const bool safetensors = path.size() > 12 && path.rfind(".safetensors") == path.size() - 12;
  const checkpoint::StateDict weights = safetensors ? checkpoint::read_safetensors(path).tensors()
                                                    : checkpoint::read_pth(path).tensors;
  // The third convolution of a block occurs in bottlenecks alone.
  const checkpoint::StateDict plain = checkpoint::strip_common_prefix(weights, {"module."});
  const bool small = plain.count("fnet.layer1.0.conv3.weight") != 0 ||
                     plain.count("feature_encoder.layer1.0.convnormrelu3.0.weight") != 0;
  auto raft = std::make_unique<Raft>(small ? RaftConfig::small() : RaftConfig::large(), options);
  raft->load(weights, path);
  return raft;
}

Raft::Features Raft::encode(const at::Tensor& frames) const {
  const at::NoGradGuard no_grad;
  const std::int64_t least = config_.least_side();
  if (frames.size(2) < least || frames.size(3) < least || frames.size(2) % 8 != 0 ||
      frames.size(3) % 8 != 0) {
    throw Error(ExitCode::usage,
                fmt::format("RAFT needs frames of at least {0}x{0} pixels, sides multiples of 8; "
                            "these have {1}x{2}",
                            least, frames.size(3), frames.size(2)));
  }
  const at::Tensor x = frames.to(at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
  return {network_->features(x), network_->context(x)};
}

Raft::Flow Raft::flow(const Features& first, const Features& second) const {
  const at::NoGradGuard no_grad;
  const std::int64_t rows = first.map.size(2);
  const std::int64_t cols = first.map.size(3);
  const Correlation correlation(first.map, second.map, config_.corr_levels, config_.corr_radius,
                                run_.most_corr_bytes);
  at::Tensor hidden = at::tanh(first.context.narrow(1, 0, config_.hidden));
  const at::Tensor context =
      at::relu(first.context.narrow(1, config_.hidden, first.context.size(1) - config_.hidden));
  const at::Tensor start = pixel_grid(rows, cols, first.map.options());
  at::Tensor flow = at::zeros({first.map.size(0), 2, rows, cols}, first.map.options());
  for (std::int64_t i = 0; i < run_.iterations; ++i) {
    hidden = network_->update.advance(hidden, context, correlation.lookup(start + flow), flow);
    flow = flow + network_->update.flow_step(hidden);
  }
  const auto mask = network_->update.mask(hidden);
  const at::Tensor full =
      mask ? upsample_convex(flow, *mask)
           : 8 * at::upsample_bilinear2d(flow, {8 * rows, 8 * cols}, /*align_corners=*/true);
  return {full, flow};
}

Raft::Flow Raft::flow(const at::Tensor& image1, const at::Tensor& image2) const {
  const FlowPadding padding = plan_padding(image1.size(2), image1.size(3), run_.pad);
  const Features features = encode(pad_edges(at::cat({image1, image2}), padding));
  const std::int64_t count = image1.size(0);
  Flow result = flow(narrow(features, 0, count), narrow(features, count, count));
  result.full = crop_padding(result.full, padding);
  return result;
}

ClipFlows Raft::estimate(const at::Tensor& clip) {
  const FlowPadding padding = plan_padding(clip.size(2), clip.size(3), run_.pad);
  const std::int64_t pairs = clip.size(0) - 1;
  std::vector<at::Tensor> forward;
  std::vector<at::Tensor> backward;
  for (std::int64_t first = 0; first < pairs; first += run_.pairs_at_once) {
    const std::int64_t count = std::min(run_.pairs_at_once, pairs - first);
    const Features features = encode(pad_edges(clip.narrow(0, first, count + 1), padding));
    const Features earlier = narrow(features, 0, count);
    const Features later = narrow(features, 1, count);
    forward.push_back(crop_padding(flow(earlier, later).full, padding));
    backward.push_back(crop_padding(flow(later, earlier).full, padding));
  }
  return {at::cat(forward), at::cat(backward)};
}

std::string Raft::description() const {
  return fmt::format("RAFT {}, {} iterations", config_.bottleneck ? "small" : "large",
                     run_.iterations);
}

at::Tensor upsample_convex(const at::Tensor& flow, const at::Tensor& mask) {
  const std::int64_t batch = flow.size(0);
  const std::int64_t rows = flow.size(2);
  const std::int64_t cols = flow.size(3);
  const at::Tensor weights = mask.contiguous().view({batch, 1, 9, 8, 8, rows, cols}).softmax(2);
  const at::Tensor near = at::im2col((8 * flow).contiguous(), {3, 3}, {1, 1}, {1, 1}, {1, 1})
                              .view({batch, 2, 9, 1, 1, rows, cols});
  return (weights * near)
      .sum(2)                       // [batch, 2, sy, sx, rows, cols]
      .permute({0, 1, 4, 2, 5, 3})  // [batch, 2, rows, sy, cols, sx]
      .reshape({batch, 2, 8 * rows, 8 * cols});
}

}  // namespace oasis::flow
