#include "oasis/eval/gain_table.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "eval_fixture.h"
#include "oasis/core/error.h"

namespace oasis::eval {
namespace {

using testing::HasSubstr;

using Scores = std::map<std::string, double>;

EvaluationResult result(const std::string& method, const std::map<std::string, Scores>& clips) {
  EvaluationResult result;
  result.method = method;
  result.protocol = "plain";
  result.metrics = {{"psnr_y", "PSNR-Y", "dB", "of Y", true, 2},
                    {"ssim_y", "SSIM-Y", "", "of Y", true, 4},
                    {"ewarp_clean_dis", "E*warp", "", "flow", false, 3}};
  for (const auto& [name, scores] : clips) {
    ClipResult clip;
    clip.name = name;
    clip.frames = 2;
    clip.scores = scores;
    result.clips.push_back(clip);
  }
  return result;
}

Scores scores(double psnr, double ssim, double ewarp) {
  return {{"psnr_y", psnr}, {"ssim_y", ssim}, {"ewarp_clean_dis", ewarp}};
}

/// Two clips of two variants; gains of 1 and 2 dB on x, 0 and 1 dB on y.
const std::vector<EvaluationResult> kBase = {
    result("bicubic", {{"x", scores(30, 0.90, 1)}, {"y", scores(20, 0.80, 2)}}),
    result("bicubic", {{"x", scores(32, 0.90, 1)}, {"y", scores(22, 0.80, 2)}})};
const std::vector<EvaluationResult> kMethod = {
    result("tiny", {{"x", scores(31, 0.92, 1.2)}, {"y", scores(20, 0.79, 2.2)}}),
    result("tiny", {{"x", scores(34, 0.92, 1.2)}, {"y", scores(23, 0.82, 2.2)}})};

JudgedBar judged(const Bar& bar) {
  return gain_of({"s", "about", {bar}}, kBase, kMethod).bars.at(0);
}

TEST(GainTable, MeansOverVariantsThenClips) {
  const auto set = gain_of({"s", "about", {}}, kBase, kMethod);
  EXPECT_EQ(set.variants, 2U);
  ASSERT_EQ(set.clips.size(), 2U);
  EXPECT_DOUBLE_EQ(set.clips[0].cells.at("psnr_y").base, 31);
  EXPECT_DOUBLE_EQ(set.clips[0].cells.at("psnr_y").method, 32.5);
  EXPECT_DOUBLE_EQ(set.overall.cells.at("psnr_y").method, 27);
  EXPECT_EQ(set.overall.frames, 4);
}

TEST(GainTable, Rules) {
  const auto gain = judged({"psnr_y", BarRule::gain, 1.0, 1.5});
  EXPECT_DOUBLE_EQ(gain.value, 1.0);
  EXPECT_TRUE(gain.passed);
  EXPECT_FALSE(gain.reaches_goal);
  EXPECT_FALSE(judged({"psnr_y", BarRule::gain, 1.01, {}}).passed);
  EXPECT_TRUE(judged({"psnr_y", BarRule::gain, 0.5, 1.0}).reaches_goal);

  const auto every = judged({"ssim_y", BarRule::every_clip, 0, {}});
  EXPECT_NEAR(every.value, 0.005, 1e-9);
  EXPECT_EQ(every.clip, "y");
  EXPECT_TRUE(every.passed);
  EXPECT_FALSE(judged({"ewarp_clean_dis", BarRule::every_clip, 0, {}}).passed);

  EXPECT_NEAR(judged({"ewarp_clean_dis", BarRule::ratio, 1.1, {}}).value, 3.4 / 3, 1e-9);
  EXPECT_FALSE(judged({"ewarp_clean_dis", BarRule::ratio, 1.1, {}}).passed);
  EXPECT_TRUE(judged({"ewarp_clean_dis", BarRule::ratio, 1.2, {}}).passed);
  EXPECT_FALSE(judged({"ewarp_clean_dis", BarRule::excess, 0.15, {}}).passed);
  EXPECT_TRUE(judged({"ewarp_clean_dis", BarRule::excess, 0.21, {}}).passed);
  EXPECT_FALSE(judged({"ewarp_clean_dis", BarRule::limit, 2, {}}).passed);
  EXPECT_TRUE(judged({"ewarp_clean_dis", BarRule::limit, 2.3, {}}).passed);
}

TEST(GainTable, EqualIsNotBetter) {
  const BarSet set{"s", "", {{"ssim_y", BarRule::every_clip, 0, {}}}};
  EXPECT_FALSE(gain_of(set, kBase, kBase).bars.at(0).passed);
}

TEST(GainTable, WhatWasNotMeasuredIsNotPassed) {
  for (const auto rule : {BarRule::gain, BarRule::every_clip, BarRule::excess, BarRule::limit}) {
    EXPECT_FALSE(judged({"luma_pulse", rule, 1, {}}).passed);
    EXPECT_TRUE(std::isnan(judged({"luma_pulse", rule, 1, {}}).value));
  }
  auto method = kMethod;
  for (auto& variant : method) variant.clips[1].scores.erase("psnr_y");
  const BarSet set{"s", "", {{"psnr_y", BarRule::gain, 0.5, {}}}};
  EXPECT_FALSE(gain_of(set, kBase, method).bars.at(0).passed);
  GainTable table;
  EXPECT_TRUE(table.passed());
  table.unmeasured = {"stage1"};
  EXPECT_FALSE(table.passed());
}

TEST(GainTable, RefusesWhatDoesNotCompare) {
  const BarSet set{"s", "", {}};
  EXPECT_THROW(gain_of(set, kBase, {kMethod[0]}), Error);
  auto other = kMethod;
  other[0].deviations = {"border: 4"};
  EXPECT_THROW(gain_of(set, kBase, other), Error);
  other = kMethod;
  other[1].clips[0].error = "damaged";
  EXPECT_THROW(gain_of(set, kBase, other), Error);
  other = kMethod;
  other[1].clips[0].frames = 3;
  EXPECT_THROW(gain_of(set, kBase, other), Error);
  other = kMethod;
  other[0].clips.pop_back();
  EXPECT_THROW(gain_of(set, kBase, other), Error);
}

TEST(GainTable, Texts) {
  GainTable table;
  table.name = "tiny";
  table.base = "bicubic";
  table.method = "tiny";
  table.sets = {gain_of({"s", "about", {{"psnr_y", BarRule::gain, 0.8, 0.9}}}, kBase, kMethod)};
  table.unmeasured = {"other"};
  const auto text = to_markdown(table);
  EXPECT_THAT(text, HasSubstr("| s | PSNR-Y | at least +0.8 dB | at least +0.9 dB | +1.000 dB | "
                              "yes, and the goal |"));
  EXPECT_THAT(text, HasSubstr("| other | | | | not measured | **no** |"));
  EXPECT_THAT(text, HasSubstr("31.00 / 32.50 (+1.500)"));
  EXPECT_THAT(text, HasSubstr("1.000 / 1.200 (+0.200, x1.200)"));
  const auto json = nlohmann::json::parse(to_json(table));
  EXPECT_EQ(json.at("passed"), false);
  EXPECT_EQ(json.at("sets")[0].at("overall").at("scores").at("psnr_y").at("difference"), 1.0);
  EXPECT_EQ(json.at("sets")[0].at("bars")[0].at("reaches_goal"), true);
}

TEST(GainTable, SeveralMethodsHaveALineEach) {
  const BarSet bars{"s",
                    "about",
                    {{"psnr_y", BarRule::gain, 0.8, {}},
                     {"ssim_y", BarRule::every_clip, 0, {}},
                     {"ewarp_clean_dis", BarRule::ratio, 1.1, {}}}};
  GainTable table;
  table.base = "bicubic";
  table.method = "tiny";
  table.sets = {gain_of(bars, kBase, kMethod)};
  GainTable same = table;
  same.method = "none";
  same.sets = {gain_of(bars, kBase, kBase)};
  GainTable unmeasured = table;
  unmeasured.method = "other";
  unmeasured.sets.clear();
  EXPECT_EQ(to_summary({table, same, unmeasured}),
            "Gain over bicubic (ratio where less is better)\n\n"
            "| method | s: PSNR-Y, dB | s: E*warp |\n|---|---|---|\n"
            "| tiny | +1.000 | x1.133 |\n| none | +0.000 | x1.000 |\n| other | - | - |\n");
  EXPECT_EQ(to_summary({}), "");
}

class BarsFile : public EvalTest {};

TEST_F(BarsFile, TheShippedOneNamesColumns) {
  const auto bars = load_bars(OASIS_SOURCE_DIR "/configs/bars/oasis-tiny.yaml");
  ASSERT_EQ(bars.sets.size(), 5U);
  EXPECT_EQ(bars.sets[1].name, "stage1");
  EXPECT_EQ(bars.sets[1].bars[3].rule, BarRule::ratio);
  EXPECT_EQ(bars.sets[1].bars[3].bar, 1.1);
  EXPECT_EQ(bars.sets[0].bars[0].goal, 1.2);
}

TEST_F(BarsFile, Errors) {
  const auto broken = [&](const std::string& bar) {
    write_file("b.yaml", "name: n\nsets:\n  - {name: s, about: a, bars: [{" + bar + "}]}\n");
    EXPECT_THROW(load_bars(folder_ / "b.yaml"), Error) << bar;
  };
  broken("metric: psnr_y, rule: better, bar: 1");
  broken("metric: psnr_y, rule: gain");
  broken("metric: psnr_y, rule: gain, bar: 1, aim: 2");
  broken("metric: psnr_y, rule: every_clip, bar: 1");
}

}  // namespace
}  // namespace oasis::eval
