#include "oasis/degrade/options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/degrade/plan.h"
#include "oasis/degrade/read_options.h"

namespace oasis::degrade {
namespace {

DegradationOptions parse(const std::string& text) {
  const auto node = config::ConfigNode::parse(text, "x.yaml");
  return read_options(node);
}

std::string message_of(const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "";
}

// Everything that a plan shows of its options, over some clips.
std::string plans(const DegradationOptions& options) {
  std::string text;
  for (std::uint64_t uid = 0; uid < 30; ++uid) {
    text += describe(draw_plan(options, {4, 1, uid}, 5)) + '\n';
  }
  return text;
}

TEST(DegradationOptions, PresetsAreTheDefaultsOfTheStages) {
  const std::string folder = std::string(OASIS_SOURCE_DIR) + "/configs/degrade/";
  auto stage1 = load_options(folder + "stage1.yaml");
  const auto stage2 = load_options(folder + "stage2.yaml");
  EXPECT_EQ(plans(stage1), plans(stage_options(1)));
  EXPECT_EQ(plans(stage2), plans(stage_options(2)));
  EXPECT_EQ(plans(parse("{}")), plans(stage_options(1)));
  EXPECT_NE(plans(stage1), plans(stage2));
  stage1.temporal = stage2.temporal;
  EXPECT_EQ(plans(stage1), plans(stage2));
  const auto published = load_options(folder + "realbasicvsr.yaml");
  EXPECT_TRUE(published.temporal.beta_jitter);
  EXPECT_EQ(published.temporal.p_type, 0);
  EXPECT_EQ(published.temporal.p_severity, 1);
}

TEST(DegradationOptions, LightIsReadAndIsLighter) {
  const std::string folder = std::string(OASIS_SOURCE_DIR) + "/configs/degrade/";
  const auto light = load_options(folder + "light.yaml");
  EXPECT_LT(light.operators.size(), load_options(folder + "stage1.yaml").operators.size());
  EXPECT_EQ(light.temporal.p_severity, 0);
}

TEST(DegradationOptions, NumbersOperatorsInTheFilesOrder) {
  std::vector<std::string> names;
  for (const auto& of :
       load_options(std::string(OASIS_SOURCE_DIR) + "/configs/degrade/stage1.yaml").operators) {
    names.push_back(of.name);
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"blur1", "resize1", "noise1", "jpeg1", "video1", "blur2",
                                      "resize2", "noise2", "jpeg2", "video2", "resize3", "blur3"}));
}

TEST(DegradationOptions, DividesWeightsByTheirSum) {
  const auto options = parse("pipeline: [{op: video, codec: {libx264: 2, mpeg4: 6}}]");
  const auto& video = std::get<VideoOptions>(options.operators.front().kind);
  EXPECT_EQ(video.codecs.probabilities, (std::vector<double>{0.25, 0.75}));
}

TEST(DegradationOptions, RefusesWhatCannotBeMeant) {
  struct Row {
    std::string text, part;
  };
  const std::vector<Row> rows{
      {"poison: byte", "unknown key 'poison'; did you mean 'poisson'?"},
      {"poisson: bytes", "'bytes' will not do"},
      {"temporal: {p_typ: 0.1}", "did you mean 'p_type'?"},
      {"temporal: {p_type: 1.5}", "not a probability"},
      {"scale: 0", "'scale'"},
      {"usm: {ksize: 50}", "'ksize'"},
      {"pipeline: []", "empty"},
      {"pipeline: {op: blur}", "should be a list"},
      {"pipeline: [{op: blurr}]", "no operator is called 'blurr'"},
      {"pipeline: [{prob: 1}]", "'pipeline[0].op' is missing"},
      {"pipeline:\n  - {op: blur}\n  - {op: blur, sigma: {range: [1, 2]}}",
       "x.yaml:3: unknown key 'pipeline[1].sigma'"},
      {"pipeline: [{op: blur, sigma_x: {range: [3, 1]}}]", "[lowest, highest]"},
      {"pipeline: [{op: blur, sigma_x: {range: [0, 1]}}]", "goes beyond"},
      {"pipeline: [{op: blur, sigma_x: {range: [1, 2], steps: 1}}]", "did you mean 'step'?"},
      {"pipeline: [{op: blur, kernel_size: [7, 8]}]", "odd"},
      {"pipeline: [{op: blur, types: {izo: 1}}]", "did you mean 'iso'?"},
      {"pipeline: [{op: blur, types: {iso: 0}}]", "add up to nothing"},
      {"pipeline: [{op: blur, omega: {range: often}}]", "or auto"},
      {"pipeline: [{op: blur, prob: 2}]", "not a probability"},
      {"pipeline: [{op: resize, scale: {range: [1.2, 1.5]}}]", "should hold 1"},
      {"pipeline: [{op: resize_to_target, scale: {range: [1, 2]}}]", "unknown key"},
      {"pipeline: [{op: noise, sigma: {range: [-1, 2]}}]", "goes beyond"},
      {"pipeline: [{op: jpeg, quality: {range: [0, 50]}}]", "goes beyond"},
      {"pipeline: [{op: video, codec: {h265: 1}}]", "knows no 'h265'"},
      {"pipeline: [{op: video, bitrate: [5, 1]}]", "bits per second"},
      {"pipeline: [{op: shuffle, groups: [{op: blur}]}]", "should be a list"},
      {"pipeline: [{op: shuffle, groups: [[]]}]", "empty group"},
      {"pipeline: [{op: shuffle, groups: [[{op: jpeg, quality: {step: -1}}]]}]", "0 or more"}};
  for (const Row& row : rows) {
    const std::string message = message_of(row.text);
    EXPECT_NE(message.find(row.part), std::string::npos) << row.text << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
    EXPECT_EQ(message.find("x.yaml:"), 0U) << message;
  }
}

}  // namespace
}  // namespace oasis::degrade
