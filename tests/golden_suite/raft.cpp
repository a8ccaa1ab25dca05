#include "oasis/flow/raft.h"

#include <gtest/gtest.h>

#include "registry.h"

namespace oasis::golden {
namespace {

flow::RaftNorm norm_from(const std::string& name) {
  if (name == "instance") return flow::RaftNorm::instance;
  return name == "batch" ? flow::RaftNorm::batch : flow::RaftNorm::none;
}

flow::RaftConfig config_of(const nlohmann::json& json) {
  flow::RaftConfig config;
  config.bottleneck = json.at("block") == "bottleneck";
  config.feature = {json.at("feature_layers"), norm_from(json.at("feature_norm"))};
  config.context = {json.at("context_layers"), norm_from(json.at("context_norm"))};
  config.corr_levels = json.at("corr_levels");
  config.corr_radius = json.at("corr_radius");
  config.motion_corr_layers = json.at("motion_corr_layers").get<std::vector<std::int64_t>>();
  config.motion_flow_layers = json.at("motion_flow_layers");
  config.motion_out = json.at("motion_out");
  config.hidden = json.at("hidden");
  for (const auto& kernel : json.at("gru_kernels")) {
    config.gru_kernels.emplace_back(kernel.at(0).get<std::int64_t>(),
                                    kernel.at(1).get<std::int64_t>());
  }
  config.flow_head_hidden = json.at("flow_head_hidden");
  config.mask_hidden = json.at("mask_hidden");
  return config;
}

void check_raft(const Fixture& fixture) {
  const auto& config = fixture.config();
  flow::Raft raft(config_of(config));
  raft.load(fixture.weights(), "golden RAFT");
  raft.run_options().iterations = config.at("iterations");
  raft.run_options().pad = flow::pad_mode_from(config.at("pad"));
  const auto image = [&](const char* name) {
    return fixture.input(name).to(at::kFloat) * (2.0 / 255.0) - 1.0;
  };
  const auto result = raft.flow(image("image1"), image("image2"));
  fixture.expect_close("flow", result.full);
  fixture.expect_close("flow_low", result.low);
  // The form for large pictures, which never holds the whole correlation volume.
  raft.run_options().most_corr_bytes = 1;
  fixture.expect_close("flow", raft.flow(image("image1"), image("image2")).full);
}

const AreaRegistration registration("raft", &check_raft);

}  // namespace
}  // namespace oasis::golden
