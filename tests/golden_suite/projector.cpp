#include "oasis/model/projector.h"

#include <gtest/gtest.h>

#include "oasis/checkpoint/state_dict.h"
#include "registry.h"

namespace oasis::golden {
namespace {

void check_projector(const Fixture& fixture) {
  const auto& config = fixture.config();
  model::Projector projector(model::projector_mode_from(config.at("mode")),
                             config.at("latent_channels"), at::kFloat);
  std::vector<std::pair<std::string, at::Tensor>> targets;
  for (const auto& item : projector.named_parameters()) {
    targets.emplace_back(item.key(), item.value());
  }
  checkpoint::load_strictly(targets, fixture.weights(), "golden projector");
  const auto latent = projector.forward(fixture.input("video").unsqueeze(0));
  fixture.expect_close("latent", latent.detach().squeeze(0));
}

const AreaRegistration registration("projector", &check_projector);

}  // namespace
}  // namespace oasis::golden
