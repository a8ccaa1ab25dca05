#include "oasis/eval/weights.h"

#include <ATen/Functions.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <cmath>

#include "eval_fixture.h"
#include "oasis/checkpoint/safetensors.h"

namespace oasis::eval {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// `gen(key, a, b)` of metrics.md, section 8.
at::Tensor generated(const std::string& key, double a, double b, at::IntArrayRef shape) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  const std::uint32_t h = fnv1a(key);
  auto* data = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    const double u = hashed(h, static_cast<std::uint32_t>(i)) / 4294967296.0 - 0.5;
    data[i] = static_cast<float>(u * a + b);
  }
  return tensor;
}

// LPIPS with AlexNet of generated weights, under the official names.
void write_lpips(const std::filesystem::path& folder) {
  struct Conv {
    int index;
    std::int64_t out, in, kernel;
  };
  constexpr std::array<Conv, 5> convs = {
      {{0, 64, 3, 11}, {3, 192, 64, 5}, {6, 384, 192, 3}, {8, 256, 384, 3}, {10, 256, 256, 3}}};
  checkpoint::StateDict trunk;
  checkpoint::StateDict linear;
  for (std::size_t k = 0; k < convs.size(); ++k) {
    const auto& conv = convs[k];
    const std::string name = fmt::format("features.{}.", conv.index);
    const double fan_in = static_cast<double>(conv.in * conv.kernel * conv.kernel);
    trunk[name + "weight"] = generated("alex." + name + "weight", std::sqrt(24 / fan_in), 0,
                                       {conv.out, conv.in, conv.kernel, conv.kernel});
    trunk[name + "bias"] = generated("alex." + name + "bias", 0.2, 0, {conv.out});
    const std::string weight = fmt::format("lin{}.model.1.weight", k);
    linear[weight] = generated("alex." + weight, 1, 0.5, {1, conv.out, 1, 1});
  }
  checkpoint::write_safetensors(folder / "alexnet-owt-7be5be79.safetensors", trunk);
  checkpoint::write_safetensors(folder / "LPIPS_v0.1_alex-df73285e.safetensors", linear);
}

// metrics.md, T2.
TEST_F(EvalTest, LpipsOfTheReferenceImplementation) {
  make_clip("out/a", 1, 64, 64, pattern_distorted(64, 64));
  make_clip("gt/a", 1, 64, 64, pattern_reference);
  write_lpips(folder_);
  auto with = options("lpips");
  with.weights = folder_;
  EXPECT_NEAR(score_one(with).scores.at("lpips"), 0.02361552, 3e-6);
  const auto equal = evaluate({{"same", folder_ / "gt/a", folder_ / "gt/a", {}, ""}}, with);
  EXPECT_EQ(equal.result.clips.at(0).scores.at("lpips"), 0);
}

TEST_F(EvalTest, AnotherFileOfTheNameIsRefused) {
  write_file("weights/alexnet-owt-7be5be79.pth", "something else");
  WeightFolder weights(folder_ / "weights", true);
  const auto files = weight_files_of("lpips", false);
  ASSERT_THAT(files, SizeIs(2));
  const auto trunk = weights.find(files[0]);
  EXPECT_TRUE(trunk.wrong);
  EXPECT_THAT(trunk.problem, HasSubstr("is not the official file"));
  const auto linear = weights.find(files[1]);
  EXPECT_FALSE(linear.wrong);
  EXPECT_EQ(linear.problem, "needs LPIPS_v0.1_alex-df73285e.pth in --weights");
}

TEST_F(EvalTest, AWrongWeightFileLeavesItsMetricOut) {
  make_clip("out/a", 2, 32, 32, pattern_reference);
  make_clip("gt/a", 2, 32, 32, pattern_reference);
  write_file("weights/DOVER.pth", "no checkpoint");
  auto with = options("psnr_rgb,dover", "dove");
  with.weights = folder_ / "weights";
  const auto evaluation = score(with);
  EXPECT_TRUE(evaluation.wrong_weights);
  ASSERT_THAT(evaluation.result.missing, SizeIs(1));
  EXPECT_THAT(evaluation.result.missing[0].reason, HasSubstr("DOVER.pth"));
  EXPECT_EQ(evaluation.result.means.at("psnr_rgb"), 80);
}

TEST(WeightsHelp, NamesEveryMetricAndItsFiles) {
  const std::string help = weights_help();
  for (const auto& metric : known_metrics()) EXPECT_THAT(help, HasSubstr("\n" + metric));
  for (const char* file : {"DOVER.pth", "raft-things.pth", "vgg16-397923af.pth", "RN50.pt"}) {
    EXPECT_THAT(help, HasSubstr(file));
  }
}

}  // namespace
}  // namespace oasis::eval
