#include <gtest/gtest.h>
#include <torch/torch.h>

#include "dit_config.h"
#include "oasis/checkpoint/state_dict.h"
#include "oasis/model/projector.h"
#include "oasis/model/wan_dit.h"
#include "registry.h"

// The model but for the decoder: projector (eq. 3), the transformer with a head map (eq. 5 to 7),
// one step (eq. 4), and the gradients of all weights.

namespace oasis::golden {
namespace {

using nlohmann::json;

std::vector<std::vector<nn::HeadKind>> head_kinds(const json& map) {
  std::vector<std::vector<nn::HeadKind>> kinds;
  for (const auto& row : map) {
    kinds.emplace_back();
    for (const auto& name : row) kinds.back().push_back(nn::head_kind_from(name));
  }
  return kinds;
}

using Named = std::vector<std::pair<std::string, at::Tensor>>;

void append(Named& all, const std::string& prefix, const torch::nn::Module& module) {
  for (const auto& item : module.named_parameters()) {
    all.emplace_back(prefix + item.key(), item.value());
  }
}

void check_gradients(const Fixture& fixture, const at::Tensor& latent, const Named& parameters) {
  (latent * fixture.input("dlatent").unsqueeze(0)).sum().backward();
  for (const auto& [name, parameter] : parameters) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(parameter.grad().defined());
    fixture.expect_close("grad." + name, parameter.grad());
  }
}

void check_one_step(const Fixture& fixture) {
  const auto& c = fixture.config();
  const auto config = official_config(c.at("dit"));
  model::WanDit dit(config, at::kFloat);
  model::Projector projector(model::projector_mode_from(c.at("projector").at("mode")),
                             c.at("projector").at("latent_channels"), at::kFloat);
  Named parameters;
  append(parameters, "dit.", dit);
  append(parameters, "projector.", projector);
  checkpoint::load_strictly(parameters, fixture.weights(), "golden model");
  dit.set_head_kinds(head_kinds(c.at("head_map")),
                     {c.at("window")[0], c.at("window")[1], c.at("window")[2]});

  const auto z_l = projector.forward(fixture.input("video").unsqueeze(0));
  const double t = c.at("t"), sigma = c.at("sigma");
  const auto context = fixture.input("context");
  const auto latent = z_l - sigma * dit.forward(z_l, t, context);
  {
    SCOPED_TRACE("general path");
    fixture.expect_close("latent", latent.detach().squeeze(0));
  }
  if (fixture.has("input.dlatent")) check_gradients(fixture, latent, parameters);

  SCOPED_TRACE("folded path");
  const auto z = z_l.detach();
  dit.fold_conditioning(t, context);
  fixture.expect_close("latent", (z - sigma * dit.forward_folded(z)).squeeze(0));
}

const AreaRegistration registration("one_step", &check_one_step);

}  // namespace
}  // namespace oasis::golden
