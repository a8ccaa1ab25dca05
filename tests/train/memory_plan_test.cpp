#include "oasis/train/memory_plan.h"

#include <gtest/gtest.h>

#include "oasis/model/oasis_model.h"

namespace oasis::train {
namespace {

constexpr std::int64_t kGiga = 1000000000;

MemoryQuestion stage_1() {
  MemoryQuestion question;
  question.counts = count_parameters(model::wan_1_3b_description(), TrainedParts::dit);
  question.lpips = losses::LpipsNet::vgg;
  return question;
}

TEST(MemoryPlan, CountsTheParametersOfThePublishedModel) {
  const auto counts = count_parameters(model::wan_1_3b_description(), TrainedParts::dit);
  EXPECT_EQ(counts.trained, 1418996800 + 784);
  EXPECT_EQ(counts.frozen, 73295603);
  const auto all = count_parameters(model::nano_description(), TrainedParts::all);
  EXPECT_EQ(all.frozen, 0);
  EXPECT_EQ(all.trained, 604539);
}

TEST(MemoryPlan, LowRankFactorsNeedFewTrainedParameters) {
  const auto about = model::wan_1_3b_description();
  const LoraOptions lora{.rank = 32, .alpha = 32, .targets = {"self_attn.q", "ffn.0"}};
  const auto counts = count_parameters(about, TrainedParts::dit, lora);
  EXPECT_EQ(counts.trained, 784 + 30 * 32 * ((1536 + 1536) + (1536 + 8960)));
  EXPECT_EQ(counts.adapted, 30 * 1536 * (1536 + 8960));
  MemoryQuestion question = stage_1();
  const std::int64_t full = plan_memory(about, question).peak();
  question.counts = counts;
  EXPECT_LT(plan_memory(about, question).peak(), full - 20 * kGiga);
}

TEST(MemoryPlan, RecomputingNeedsLess) {
  const auto about = model::wan_1_3b_description();
  MemoryQuestion question = stage_1();
  std::int64_t before = 1000 * kGiga;
  for (const Recompute some : {Recompute::off, Recompute::dit, Recompute::all}) {
    question.recompute = some;
    const std::int64_t peak = plan_memory(about, question).peak();
    EXPECT_LT(peak, before) << to_string(some);
    before = peak;
  }
  EXPECT_LT(before, 60 * kGiga);
}

TEST(MemoryPlan, RanksShareTheOptimizer) {
  MemoryQuestion question = stage_1();
  const auto about = model::wan_1_3b_description();
  const auto alone = plan_memory(about, question);
  question.world = 8;
  EXPECT_EQ(plan_memory(about, question).optimizer, alone.optimizer / 8);
}

TEST(MemoryPlan, ChoosesTheLeastThatFits) {
  const auto about = model::wan_1_3b_description();
  MemoryQuestion question = stage_1();
  EXPECT_EQ(choose_recompute(about, question, 141 * kGiga), Recompute::off);
  EXPECT_EQ(choose_recompute(about, question, 40 * kGiga), Recompute::all);
  const std::string table = describe_cards(about, question, 8);
  EXPECT_NE(table.find("80 GB"), std::string::npos);
  EXPECT_NE(table.find("141 GB"), std::string::npos);
}

}  // namespace
}  // namespace oasis::train
