#include "oasis/checkpoint/state_dict.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include "oasis/core/error.h"

namespace oasis::checkpoint {
namespace {

TEST(StateDict, LoadingCastsAndReportsEveryDisagreement) {
  const at::Tensor a = at::zeros({2});
  const at::Tensor b = at::zeros({2, 4});
  const at::Tensor c = at::zeros({1});
  const LoadReport report = load_tensors(
      {{"a", a}, {"b", b}, {"c", c}},
      {{"a", at::tensor({1.5, 2.5}, at::kDouble)}, {"b", at::ones({2, 3})}, {"d", at::ones({1})}});
  EXPECT_EQ(a.sum().item<float>(), 4.0F);
  EXPECT_EQ(b.sum().item<float>(), 0.0F);
  EXPECT_EQ(report.missing, std::vector<std::string>{"c"});
  EXPECT_EQ(report.unexpected, std::vector<std::string>{"d"});
  EXPECT_EQ(report.mismatched, std::vector<std::string>{"b: file [2, 3], model [2, 4]"});
  EXPECT_FALSE(report.complete());
  EXPECT_EQ(report.summary(),
            "1 missing: c; 1 unexpected: d; 1 of another shape: b: file [2, 3], model [2, 4]");
}

TEST(StateDict, AParameterThatNeedsGradientsCanBeLoaded) {
  const at::Tensor weight = at::zeros({2}).requires_grad_();
  EXPECT_TRUE(load_tensors({{"w", weight}}, {{"w", at::ones({2})}}).complete());
  EXPECT_EQ(weight.detach().sum().item<float>(), 2.0F);
  EXPECT_TRUE(weight.requires_grad());
}

TEST(StateDict, StrictLoadingThrowsUnlessAllAgrees) {
  const at::Tensor a = at::zeros({1});
  load_strictly({{"a", a}}, {{"a", at::ones({1})}}, "model.safetensors");
  EXPECT_EQ(a.item<float>(), 1.0F);
  try {
    load_strictly({{"a", a}}, {}, "model.safetensors");
    FAIL() << "a missing tensor was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).rfind("model.safetensors", 0), 0U) << error.what();
    EXPECT_EQ(error.code(), ExitCode::unreadable_input);
  }
}

TEST(StateDict, TheSummaryNamesAFewOfEachKind) {
  LoadReport report;
  report.missing = {"a", "b", "c"};
  EXPECT_EQ(report.summary(2), "3 missing: a, b, ...");
}

TEST(StateDict, APrefixIsStrippedOnlyWhereAllNamesHaveIt) {
  const at::Tensor t = at::ones({1});
  const StateDict stripped =
      strip_common_prefix({{"module.a", t}, {"module.b.c", t}}, {"_orig_mod.", "module."});
  EXPECT_EQ(stripped.count("a"), 1U);
  EXPECT_EQ(stripped.count("b.c"), 1U);
  const StateDict mixed = strip_common_prefix({{"module.a", t}, {"b", t}}, {"module."});
  EXPECT_EQ(mixed.count("module.a"), 1U);
  EXPECT_EQ(mixed.size(), 2U);
}

TEST(StateDict, BelowAPrefixOnlyItsEntriesRemain) {
  const at::Tensor t = at::ones({1});
  const StateDict part =
      below_prefix({{"dit.a", t}, {"dit.b", t}, {"ditto", t}, {"vae.a", t}}, "dit.");
  EXPECT_EQ(part.size(), 2U);
  EXPECT_EQ(part.count("a"), 1U);
  EXPECT_EQ(part.count("b"), 1U);
}

}  // namespace
}  // namespace oasis::checkpoint
