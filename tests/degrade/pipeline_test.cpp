#include "oasis/degrade/pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <thread>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/degrade/read_options.h"
#include "test_clip.h"

namespace oasis::degrade {
namespace {

bool equal(const Frames& a, const Frames& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].size() != b[i].size() || cv::norm(a[i], b[i], cv::NORM_INF) != 0) return false;
  }
  return true;
}

DegradationOptions only(DegradationOptions options, const std::vector<std::string>& kinds) {
  for (OperatorOptions& of : options.operators) {
    bool kept = of.name == "resize3";
    for (const std::string& kind : kinds) kept = kept || of.name.starts_with(kind);
    if (!kept) of.probability = 0;
  }
  return options;
}

TEST(Pipeline, GivesQuarterSizeClipsOfBytes) {
  const Pipeline pipeline(stage_options(2));
  const Frames hq = make_test_clip(3, 48, 64);
  for (std::uint64_t uid = 0; uid < 4; ++uid) {
    const DegradedClip clip = pipeline.run(hq, SampleKey{1, 2, uid});
    ASSERT_EQ(clip.lq.size(), 3U);
    for (const cv::Mat& frame : clip.lq) {
      EXPECT_EQ(frame.size(), cv::Size(16, 12));
      EXPECT_EQ(frame.type(), CV_8UC3);
    }
    EXPECT_TRUE(equal(clip.hq, hq));
  }
}

TEST(Pipeline, TakesClipsWhoseLowQualitySizeIsOdd) {
  for (const int stage : {1, 2}) {
    const Pipeline pipeline(stage_options(stage));
    const Frames hq = make_test_clip(2, 36, 52);
    for (std::uint64_t uid = 0; uid < 6; ++uid) {
      const Frames lq = pipeline.run(hq, SampleKey{2, 1, uid}).lq;
      ASSERT_EQ(lq.size(), 2U);
      EXPECT_EQ(lq.back().size(), cv::Size(13, 9));
    }
  }
}

TEST(Pipeline, SaysWhatEachOperatorTook) {
  const Pipeline pipeline(stage_options(1));
  const Frames hq = make_test_clip(2, 48, 64);
  const Plan plan = pipeline.plan({1, 1, 0}, 2);
  std::vector<double> seconds;
  const Frames lq = pipeline.run(hq, plan, &seconds).lq;
  ASSERT_EQ(seconds.size(), plan.operators.size());
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    EXPECT_EQ(seconds[i] > 0, plan.operators[i].applied) << plan.operators[i].name;
  }
  EXPECT_TRUE(equal(lq, pipeline.run(hq, plan).lq));
}

TEST(Pipeline, IsTheSameInAnyOrderAndThread) {
  const Pipeline pipeline(stage_options(2));
  const Frames hq = make_test_clip(3, 48, 64);
  constexpr std::size_t samples = 8;
  std::vector<Frames> once(samples), again(samples);
  for (std::size_t uid = 0; uid < samples; ++uid) {
    once[uid] = pipeline.run(hq, SampleKey{1, 2, uid}).lq;
  }
  std::vector<std::thread> workers;
  for (std::size_t worker = 0; worker < 3; ++worker) {
    workers.emplace_back([&, worker] {
      const Pipeline own(stage_options(2));
      for (std::size_t i = samples; i-- > 0;) {
        if (i % 3 == worker) again[i] = own.run(hq, SampleKey{1, 2, i}).lq;
      }
    });
  }
  for (auto& worker : workers) worker.join();
  for (std::size_t uid = 0; uid < samples; ++uid) EXPECT_TRUE(equal(once[uid], again[uid])) << uid;
  EXPECT_FALSE(equal(once[0], once[1]));
}

TEST(Pipeline, KeepsAStillClipStillInStageOneOnly) {
  const Frames hq(4, make_test_clip(1, 48, 64).front());
  const std::vector<std::string> quiet{"blur", "resize", "jpeg"};
  const Pipeline still(only(stage_options(1), quiet)), moving(only(stage_options(2), quiet));
  int changed = 0;
  for (std::uint64_t uid = 0; uid < 6; ++uid) {
    const Frames lq = still.run(hq, SampleKey{1, 1, uid}).lq;
    EXPECT_TRUE(equal(lq, Frames(4, lq.front()))) << uid;
    const Frames other = moving.run(hq, SampleKey{1, 2, uid}).lq;
    changed += equal(other, Frames(4, other.front())) ? 0 : 1;
  }
  EXPECT_GE(changed, 5);
}

TEST(Pipeline, MakesFreshNoiseInEveryFrame) {
  const Frames hq(2, cv::Mat(48, 64, CV_8UC3, cv::Scalar::all(128)));
  const Pipeline pipeline(only(stage_options(1), {"noise"}));
  const Frames lq = pipeline.run(hq, SampleKey{1, 1, 3}).lq;
  EXPECT_GT(cv::norm(lq[0], lq[1], cv::NORM_INF), 0);
}

// LQ pixel (i, j) lies at HQ (4i + 1.5, 4j + 1.5), whatever the sizes in between.
TEST(Pipeline, KeepsPicturesAligned) {
  constexpr int row = 12, column = 17;
  cv::Mat hq(96, 128, CV_32FC3);
  for (int y = 0; y < hq.rows; ++y) {
    for (int x = 0; x < hq.cols; ++x) {
      const double dx = x - (4 * column + 1.5), dy = y - (4 * row + 1.5);
      hq.at<cv::Vec3f>(y, x) =
          cv::Vec3f::all(static_cast<float>(250 * std::exp(-(dx * dx + dy * dy) / (2 * 64))));
    }
  }
  const Pipeline pipeline(only(stage_options(1), {"blur", "resize"}));
  std::vector<double> off;
  for (std::uint64_t uid = 0; uid < 40; ++uid) {
    cv::Mat plane;
    cv::extractChannel(pipeline.run({hq}, SampleKey{1, 1, uid}).lq.front(), plane, 1);
    const cv::Moments found = cv::moments(plane);
    off.push_back(std::hypot(found.m10 / found.m00 - column, found.m01 / found.m00 - row));
  }
  std::sort(off.begin(), off.end());
  EXPECT_LT(off[off.size() / 2], 0.05);
  EXPECT_LT(off.back(), 0.3);
}

TEST(Pipeline, SharpensTheTargetWithUnsharpMasking) {
  auto options = only(stage_options(1), {});
  options.usm.enabled = true;
  const Frames hq = make_test_clip(1, 48, 64);
  const DegradedClip clip = Pipeline(options).run(hq, SampleKey{1, 1, 0});
  EXPECT_EQ(clip.hq.front().type(), CV_32FC3);
  EXPECT_GT(cv::norm(clip.hq.front(), to_float(hq.front()), cv::NORM_INF), 1);
}

TEST(Pipeline, RefusesClipsThatDoNotFit) {
  const Pipeline pipeline(stage_options(1));
  const SampleKey sample{1, 1, 1};
  EXPECT_THROW(pipeline.run(make_test_clip(1, 30, 64), sample), Error);
  EXPECT_THROW(pipeline.run({cv::Mat(32, 32, CV_8UC1)}, sample), Error);
  EXPECT_THROW(pipeline.run(make_test_clip(2, 32, 32), pipeline.plan(sample, 3)), Error);
  EXPECT_THROW(pipeline.run(Frames{}, sample), Error);
}

TEST(Pipeline, RefusesAPipelineWithoutATarget) {
  const auto node = config::ConfigNode::parse("pipeline: [{op: jpeg}]", "x.yaml");
  EXPECT_THROW(Pipeline{read_options(node)}, Error);
}

}  // namespace
}  // namespace oasis::degrade
