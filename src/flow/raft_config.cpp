#include "oasis/flow/raft_config.h"

namespace oasis::flow {

RaftConfig RaftConfig::large() {
  RaftConfig config;
  config.feature = {{64, 64, 96, 128, 256}, RaftNorm::instance};
  config.context = {{64, 64, 96, 128, 256}, RaftNorm::batch};
  config.motion_corr_layers = {256, 192};
  config.motion_flow_layers = {128, 64};
  config.motion_out = 128;
  config.hidden = 128;
  config.gru_kernels = {{1, 5}, {5, 1}};
  config.flow_head_hidden = 256;
  config.mask_hidden = 256;
  return config;
}

RaftConfig RaftConfig::small() {
  RaftConfig config;
  config.bottleneck = true;
  config.feature = {{32, 32, 64, 96, 128}, RaftNorm::instance};
  config.context = {{32, 32, 64, 96, 160}, RaftNorm::none};
  config.corr_radius = 3;
  config.motion_corr_layers = {96};
  config.motion_flow_layers = {64, 32};
  config.motion_out = 82;
  config.hidden = 96;
  config.gru_kernels = {{3, 3}};
  config.flow_head_hidden = 128;
  return config;
}

}  // namespace oasis::flow
