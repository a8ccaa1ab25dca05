#include "flow/raft_update.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

namespace oasis::flow {

RaftUpdate::RaftUpdate(nn::ParameterStore& store, const RaftConfig& config) {
  const std::string encoder = "update_block.encoder.";
  const std::int64_t side = 2 * config.corr_radius + 1;
  std::int64_t corr = config.corr_levels * side * side;
  for (std::size_t i = 0; i < config.motion_corr_layers.size(); ++i) {
    const std::int64_t kernel = i == 0 ? 1 : 3;
    const std::int64_t out = config.motion_corr_layers[i];
    corr_convs_.emplace_back(store, fmt::format("{}convc{}", encoder, i + 1),
                             FrozenConv::Shape{corr, out, {kernel, kernel}});
    corr = out;
  }
  const auto [flow1, flow2] = config.motion_flow_layers;
  flow_convs_.emplace_back(store, encoder + "convf1", FrozenConv::Shape{2, flow1, {7, 7}});
  flow_convs_.emplace_back(store, encoder + "convf2", FrozenConv::Shape{flow1, flow2, {3, 3}});
  merge_ = FrozenConv(store, encoder + "conv", {corr + flow2, config.motion_out - 2, {3, 3}});

  const std::int64_t context = config.context.layers[4] - config.hidden;
  const std::int64_t in = config.hidden + context + config.motion_out;
  for (std::size_t i = 0; i < config.gru_kernels.size(); ++i) {
    const FrozenConv::Shape shape{in, config.hidden, config.gru_kernels[i]};
    const std::string number = config.gru_kernels.size() > 1 ? std::to_string(i + 1) : "";
    const auto conv = [&](const char* gate) {
      return FrozenConv(store, fmt::format("update_block.gru.conv{}{}", gate, number), shape);
    };
    grus_.push_back({conv("z"), conv("r"), conv("q")});
  }

  const std::int64_t head = config.flow_head_hidden;
  flow_head1_ = FrozenConv(store, "update_block.flow_head.conv1", {config.hidden, head, {3, 3}});
  flow_head2_ = FrozenConv(store, "update_block.flow_head.conv2", {head, 2, {3, 3}});
  if (config.mask_hidden > 0) {
    mask1_.emplace(store, "update_block.mask.0",
                   FrozenConv::Shape{config.hidden, config.mask_hidden, {3, 3}});
    mask2_.emplace(store, "update_block.mask.2",
                   FrozenConv::Shape{config.mask_hidden, 9 * 64, {1, 1}});
  }
}

at::Tensor RaftUpdate::motion(const at::Tensor& correlation, const at::Tensor& flow) const {
  at::Tensor corr = correlation;
  for (const FrozenConv& conv : corr_convs_) corr = at::relu(conv(corr));
  at::Tensor moved = flow;
  for (const FrozenConv& conv : flow_convs_) moved = at::relu(conv(moved));
  return at::cat({at::relu(merge_(at::cat({corr, moved}, 1))), flow}, 1);
}

at::Tensor RaftUpdate::advance(const at::Tensor& hidden, const at::Tensor& context,
                               const at::Tensor& correlation, const at::Tensor& flow) const {
  const at::Tensor x = at::cat({context, motion(correlation, flow)}, 1);
  at::Tensor state = hidden;
  for (const Gru& gru : grus_) {
    const at::Tensor both = at::cat({state, x}, 1);
    const at::Tensor z = at::sigmoid(gru.z(both));
    const at::Tensor r = at::sigmoid(gru.r(both));
    const at::Tensor q = at::tanh(gru.q(at::cat({r * state, x}, 1)));
    state = (1 - z) * state + z * q;
  }
  return state;
}

at::Tensor RaftUpdate::flow_step(const at::Tensor& hidden) const {
  return flow_head2_(at::relu(flow_head1_(hidden)));
}

std::optional<at::Tensor> RaftUpdate::mask(const at::Tensor& hidden) const {
  if (!mask1_) return std::nullopt;
  return 0.25 * (*mask2_)(at::relu((*mask1_)(hidden)));
}

}  // namespace oasis::flow
