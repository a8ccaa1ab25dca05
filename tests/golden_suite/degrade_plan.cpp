#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include "oasis/config/config_node.h"
#include "oasis/degrade/read_options.h"
#include "plan_statistics.h"
#include "registry.h"

namespace oasis::golden {
namespace {

void check_degrade_plan(const Fixture& fixture) {
  const auto& config = fixture.config();
  // The text, not the parsed JSON: the order of the types counts.
  const auto root = config::ConfigNode::parse(fixture.config_text(), "golden degrade_plan");
  const auto options = degrade::read_options(root.child("degradation"));

  constexpr std::uint64_t seed_first = 20250923, seed_time = 98;
  const PlanSample first(options, seed_first, config.at("clips_first_frame"), 1);
  const PlanSample over_time(options, seed_time, config.at("clips_over_time"), config.at("frames"));
  const PlanStatistics statistics(first, over_time,
                                  {config.at("levels"), config.at("later_frames"),
                                   config.at("correlation"), config.at("step_correlation")});
  for (const auto& [name, expected] : fixture.group("output")) {
    const auto found = statistics.values().find(name);
    if (found == statistics.values().end()) {
      ADD_FAILURE() << "no statistic is called " << name;
      continue;
    }
    const at::Tensor values = at::tensor(found->second, at::kDouble);
    if (values.numel() != expected.numel()) {
      ADD_FAILURE() << name << ": " << values.numel() << " values, the reference has "
                    << expected.numel();
      continue;
    }
    fixture.expect_close(name, values.reshape(expected.sizes()));
  }
}

const AreaRegistration registration("degrade_plan", &check_degrade_plan);

}  // namespace
}  // namespace oasis::golden
