#include "oasis/eval/protocol.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "eval_fixture.h"
#include "oasis/core/error.h"

namespace oasis::eval {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "";
}

TEST_F(EvalTest, ShippedProtocolsDiffer) {
  const auto dove = load_protocol("dove");
  EXPECT_EQ(dove.align, Align::crop);
  EXPECT_EQ(dove.psnr, metrics::ScoreVariant::pyiqa);
  EXPECT_EQ(dove.ssim_y, metrics::ScoreChannels::y_yiq);
  EXPECT_EQ(dove.ewarp, metrics::EwarpMode::evalcrafter);
  EXPECT_EQ(dove.clipiqa_pairs, 5);
  EXPECT_EQ(dove.decimals, 4);
  const auto plain = load_protocol("plain");
  EXPECT_EQ(plain.align, Align::refuse);
  EXPECT_EQ(plain.psnr, metrics::ScoreVariant::basicsr);
  EXPECT_EQ(plain.clipiqa_pairs, 1);
  EXPECT_EQ(plain.decimals, -1);
}

TEST_F(EvalTest, UnknownProtocolNamesTheKnown) {
  EXPECT_THAT(error_of([] { load_protocol("nosuch"); }), HasSubstr("dove, plain"));
}

TEST_F(EvalTest, UnknownKeyIsRefusedWithTheNearest) {
  std::ifstream shipped(configs_folder("protocols") / "plain.yaml");
  std::string text{std::istreambuf_iterator<char>(shipped), {}};
  text.replace(text.find("centred:"), 8, "centered:");
  write_file("mine.yaml", text);
  EXPECT_THAT(error_of([&] { load_protocol((folder_ / "mine.yaml").string()); }),
              HasSubstr("'frames.centred' is missing"));
  text.insert(text.find("centered:"), "centred: false\n  ");
  write_file("mine.yaml", text);
  EXPECT_THAT(error_of([&] { load_protocol((folder_ / "mine.yaml").string()); }),
              HasSubstr("did you mean 'centred'?"));
}

TEST_F(EvalTest, WrongValueIsRefusedWithItsLine) {
  std::ifstream shipped(configs_folder("protocols") / "plain.yaml");
  std::string text{std::istreambuf_iterator<char>(shipped), {}};
  text.replace(text.find("align: refuse"), 13, "align: squash");
  write_file("mine.yaml", text);
  EXPECT_THAT(error_of([&] { load_protocol((folder_ / "mine.yaml").string()); }),
              HasSubstr("mine.yaml:8: \"squash\" is not refuse, crop or resize"));
}

TEST_F(EvalTest, DeviationsAreTheLinesThatDiffer) {
  const auto published = load_protocol("dove");
  EXPECT_THAT(deviations(published, published), ElementsAre());
  auto used = published;
  used.border = 4;
  used.ewarp_dis = true;
  EXPECT_THAT(deviations(published, used),
              ElementsAre(HasSubstr("border: 4 pixels"), HasSubstr("E_warp: evalcrafter, flow by "
                                                                   "DIS")));
}

TEST_F(EvalTest, MeansAreRoundedTwice) {
  const int decimals = 4;
  std::vector<double> clips;
  for (const double score : {0.00006, 0.00006, 0.00002}) {
    clips.push_back(mean_score({score}, decimals));
  }
  EXPECT_EQ(mean_score(clips, decimals), 0.0001);
  EXPECT_NEAR(mean_score({0.00006, 0.00006, 0.00002}, -1), 0.0000466667, 1e-9);
  EXPECT_TRUE(std::isnan(mean_score({}, decimals)));
  EXPECT_TRUE(std::isinf(mean_score({1.0, std::numeric_limits<double>::infinity()}, decimals)));
}

TEST_F(EvalTest, MetricsAreChosenByName) {
  EXPECT_THAT(select_metrics("ssim,psnr"), ElementsAre("psnr_rgb", "ssim_y"));
  EXPECT_THAT(error_of([] { select_metrics("pnsr_y"); }), HasSubstr("did you mean psnr_y?"));
  EXPECT_EQ(select_metrics("all"), known_metrics());
}

}  // namespace
}  // namespace oasis::eval
