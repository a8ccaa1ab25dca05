#include "oasis/eval/dover.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>

namespace oasis::eval {
namespace {

using testing::Each;

TEST(DoverPlan, TheSameSeedDrawsTheSame) {
  const auto one = drawn_plans(300, 720, 1280, 7, 2);
  const auto two = drawn_plans(300, 720, 1280, 7, 2);
  ASSERT_EQ(one.size(), 2U);
  EXPECT_EQ(one[1].technical, two[1].technical);
  EXPECT_TRUE(at::equal(one[1].patches.across, two[1].patches.across));
  EXPECT_NE(one[0].technical, one[1].technical);
  EXPECT_NE(drawn_plans(300, 720, 1280, 8, 1)[0].technical, one[0].technical);
}

TEST(DoverPlan, AShortVideoShowsItsFirstFrameOnly) {
  EXPECT_THAT(centre_plan(31, 720, 1280).aesthetic, Each(0));
}

// Frame by frame as from the whole video at once.
TEST(DoverViews, AreThoseOfTheWholeVideo) {
  at::manual_seed(3);
  const std::int64_t frames = 40;
  const at::Tensor video = at::randint(0, 256, {3, frames, 250, 300}, at::kByte);
  const auto plan = drawn_plans(frames, 250, 300, 1, 1).front();
  DoverViews views(plan, true);
  for (std::int64_t t = 0; t < frames; ++t) views.add(t, video.select(1, t));

  const at::Tensor technical = video.index_select(1, at::tensor(plan.technical));
  const at::Tensor spliced =
      metrics::dover_fragments(technical, metrics::DoverFragments{}, plan.patches);
  const at::Tensor expected = metrics::dover_normalise(spliced);
  for (std::int64_t clip = 0; clip < 3; ++clip) {
    EXPECT_TRUE(at::equal(views.technical()[clip], expected.narrow(1, 32 * clip, 32)));
  }
  const at::Tensor aesthetic = video.index_select(1, at::tensor(plan.aesthetic));
  EXPECT_TRUE(at::equal(views.aesthetic()[0], metrics::dover_normalise(metrics::dover_resize(
                                                  aesthetic, 224, 224, true))));
}

}  // namespace
}  // namespace oasis::eval
