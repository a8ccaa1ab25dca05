#include "oasis/train/report_page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "oasis/train/training_log.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;

/// The page of a run whose only value, "loss", is a function of the step.
std::string page_of(std::int64_t steps, const std::function<double(std::int64_t)>& loss) {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const fs::path output = fs::path(testing::TempDir()) / test->name();
  fs::remove_all(output);
  {
    TrainingLog log(output, 0);
    for (std::int64_t step = 1; step <= steps; ++step) log.add(step, {{"loss", loss(step)}});
    log.flush();
  }
  write_report_page(output);
  std::ifstream stream(output / "report.html", std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Heights of the points of a path, from 0 at the top to 200 at the bottom.
std::vector<double> heights(const std::string& page, const std::string& style) {
  const std::string start = "<path class=\"" + style + "\" d=\"";
  std::size_t at = page.find(start);
  if (at == std::string::npos) return {};
  const std::size_t end = page.find('"', at + start.size());
  std::vector<double> values;
  while ((at = page.find(' ', at + start.size())) < end) {
    values.push_back(std::atof(page.c_str() + at));
    at -= start.size() - 1;
  }
  return values;
}

TEST(ReportPage, ShowsAFallingLossFalling) {
  const std::string page = page_of(300, [](std::int64_t step) { return 3.0 / double(step); });
  for (const char* style : {"raw", "mean"}) {
    const std::vector<double> path = heights(page, style);
    ASSERT_GT(path.size(), 200U) << style;
    EXPECT_TRUE(std::is_sorted(path.begin(), path.end())) << style;
    EXPECT_GT(path.back() - path.front(), 150.0) << style;
  }
  EXPECT_NE(page.find("values 0.01 to 3)"), std::string::npos);
}

TEST(ReportPage, OfALongRunIsNoLarger) {
  const auto noisy = [](std::int64_t step) { return std::sin(double(step * step % 1009)); };
  const std::string page = page_of(20000, noisy);
  EXPECT_LT(page.size(), 40000U);
  EXPECT_GT(heights(page, "raw").size(), 1000U);
}

TEST(ReportPage, KeepsACurveReadableBesideASpike) {
  const auto spiked = [](std::int64_t step) {
    return step == 700 ? 1000.0 : 1.0 + 0.001 * double(step);
  };
  const std::string page = page_of(1000, spiked);
  const std::vector<double> path = heights(page, "raw");
  EXPECT_GT(path.front() - path.back(), 190.0);
  EXPECT_GE(*std::min_element(path.begin(), path.end()), 0.0);
  EXPECT_NE(page.find("to 1000)"), std::string::npos);
}

TEST(ReportPage, LeavesOutWhatIsNotFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto broken = [&](std::int64_t step) { return step % 3 == 0 ? infinity : double(step); };
  const std::vector<double> path = heights(page_of(100, broken), "raw");
  ASSERT_EQ(path.size(), 67U);
  EXPECT_EQ(heights(page_of(1, [](std::int64_t) { return 1.0; }), "raw").size(), 0U);
  const std::string none = page_of(5, [](std::int64_t) { return std::nan(""); });
  EXPECT_NE(none.find("loss: no finite value"), std::string::npos);
}

}  // namespace
}  // namespace oasis::train
