#include "oasis/eval/results_file.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "eval_fixture.h"
#include "oasis/core/error.h"
#include "oasis/eval/published.h"

namespace oasis::eval {
namespace {

using testing::HasSubstr;

EvaluationResult some_result() {
  EvaluationResult result;
  result.method = "method";
  result.protocol = "plain";
  result.metrics = {{"psnr_y", "PSNR-Y", "dB", "definition", true, 2}};
  result.missing = {{"dover", "needs DOVER.pth in --weights"}};
  ClipResult good;
  good.name = "a, \"b\"";
  good.frames = 2;
  good.width = 8;
  good.height = 6;
  good.fps = 25;
  good.scores["psnr_y"] = std::numeric_limits<double>::infinity();
  good.per_frame["psnr_y"] = {30.25, std::numeric_limits<double>::infinity()};
  ClipResult bad;
  bad.name = "bad";
  bad.error = "cannot be read";
  result.clips = {good, bad};
  result.means["psnr_y"] = std::numeric_limits<double>::infinity();
  result.published = {{"OASIS", "UDM10", {{"psnr_y", 25.0}}, {{"psnr_y", "why"}}, "paper"}};
  return result;
}

TEST_F(EvalTest, JsonComesBackAsItWas) {
  const auto result = some_result();
  const std::string text = to_json(result);
  write_text(folder_ / "r.json", text);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "r.json.part"));
  const auto again = read_results(folder_ / "r.json");
  EXPECT_EQ(to_json(again), text);
  EXPECT_EQ(again.clips[0].per_frame, result.clips[0].per_frame);
  EXPECT_EQ(again.clips[1].error, "cannot be read");
}

TEST_F(EvalTest, OtherJsonIsRefused) {
  for (const char* text : {"{}", "{\"format\": \"x\"}", "[1", "{\"format\": 3}"}) {
    write_file("r.json", text);
    EXPECT_THROW(read_results(folder_ / "r.json"), Error) << text;
  }
}

TEST(Csv, QuotesAndMarksWhatFailed) {
  EXPECT_EQ(to_csv(some_result()),
            "clip,frames,width,height,psnr_y,notes,error\n"
            "\"a, \"\"b\"\"\",2,8,6,inf,,\n"
            "bad,,,,,,cannot be read\n"
            "mean,,,,inf,,\n");
}

TEST_F(EvalTest, ShippedTablesAreWhole) {
  const auto rows = published_rows(configs_folder("published"), "udm10");
  ASSERT_GE(rows.size(), 2U);
  EXPECT_EQ(rows.back().method, "OASIS");
  EXPECT_EQ(rows.back().values.at("psnr_rgb"), 25.63);
  EXPECT_THAT(rows.back().warnings.at("dover"), HasSubstr("reproduce"));
  try {
    published_rows(configs_folder("published"), "nosuch");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("YouHQ40"));
  }
}

TEST_F(EvalTest, ATableWithAnUnknownMetricIsRefused) {
  write_file("t/x.yaml", "source: s\nrows:\n- {method: m, set: S, values: {pnsr: 1}}\n");
  EXPECT_THROW(published_rows(folder_ / "t", "S"), Error);
}

}  // namespace
}  // namespace oasis::eval
