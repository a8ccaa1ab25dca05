#include "oasis/metrics/dover_swin.h"

#include "registry.h"

namespace oasis::golden {
namespace {

std::array<std::int64_t, 3> extent(const nlohmann::json& json) {
  return json.get<std::array<std::int64_t, 3>>();
}

void check_dover_swin(const Fixture& fixture) {
  const auto& config = fixture.config();
  metrics::DoverSwinConfig shape;
  shape.patch = extent(config.at("patch_size"));
  shape.window = extent(config.at("window_size"));
  shape.embed_dim = config.at("embed_dim");
  shape.depths = config.at("depths").get<std::vector<std::int64_t>>();
  shape.heads = config.at("num_heads").get<std::vector<std::int64_t>>();
  shape.fragment_bias.clear();
  for (const auto& flag : config.at("frag_biases")) {
    shape.fragment_bias.push_back(flag.is_boolean() ? flag.get<bool>() : flag.get<int>() != 0);
  }
  shape.mlp_ratio = config.at("mlp_ratio");
  shape.head_hidden = config.at("head_hidden");
  metrics::DoverSwin branch(shape);
  branch.load(fixture.weights(), "golden DOVER");
  const auto result = branch.forward(fixture.input("video"));
  if (fixture.has("output.feature")) fixture.expect_close("feature", result.feature);
  fixture.expect_close("map", result.map);
  fixture.expect_close("score", result.score);
}

const AreaRegistration registration("dover_swin", &check_dover_swin);

}  // namespace
}  // namespace oasis::golden
