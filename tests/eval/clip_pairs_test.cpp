#include "oasis/eval/clip_pairs.h"

#include <gmock/gmock.h>

#include "eval_fixture.h"
#include "oasis/core/error.h"

namespace oasis::eval {
namespace {

using testing::HasSubstr;

int flat(int, int, int, int) { return 9; }

TEST_F(EvalTest, PairsVideosAndFoldersByName) {
  write_file("out/clip2.mp4", "");
  make_clip("out/clip10", 1, 4, 4, flat);
  make_clip("gt/clip2", 1, 4, 4, flat);
  write_file("gt/clip10.mkv", "");
  write_file("gt/readme.txt", "");
  const auto pairs = pair_clips(folder_ / "out", folder_ / "gt");
  ASSERT_EQ(pairs.size(), 2U);
  EXPECT_EQ(pairs[0].name, "clip2");
  EXPECT_EQ(pairs[0].reference, folder_ / "gt" / "clip2");
  EXPECT_EQ(pairs[1].name, "clip10");
  EXPECT_EQ(pairs[1].output, folder_ / "out" / "clip10");
  EXPECT_EQ(pairs[1].reference, folder_ / "gt" / "clip10.mkv");
}

TEST_F(EvalTest, MissingPartnersAreSaidOnBothSides) {
  for (const char* name : {"out/a.mp4", "out/b.mp4", "gt/b.mp4", "gt/c.mp4"}) write_file(name, "");
  const auto pairs = pair_clips(folder_ / "out", folder_ / "gt");
  ASSERT_EQ(pairs.size(), 3U);
  EXPECT_THAT(pairs[0].problem, HasSubstr("no reference of the name a"));
  EXPECT_EQ(pairs[1].problem, "");
  EXPECT_THAT(pairs[2].problem, HasSubstr("no output of the name c"));
}

TEST_F(EvalTest, TwoClipsOfOneNameAreRefused) {
  for (const char* name : {"out/a.mp4", "out/a.mkv", "gt/a.mp4"}) write_file(name, "");
  const auto pairs = pair_clips(folder_ / "out", folder_ / "gt");
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_THAT(pairs[0].problem, HasSubstr("have one name"));
}

TEST_F(EvalTest, OneOutputAndOneReferenceNeedNoCommonName) {
  write_file("up.mp4", "");
  write_file("original.mp4", "");
  const auto pairs = pair_clips(folder_ / "up.mp4", folder_ / "original.mp4");
  ASSERT_EQ(pairs.size(), 1U);
  EXPECT_EQ(pairs[0].reference, folder_ / "original.mp4");
}

TEST_F(EvalTest, AFolderOfImagesIsOneClip) {
  make_clip("out", 3, 4, 4, flat);
  const auto clips = list_clips(folder_ / "out");
  ASSERT_EQ(clips.size(), 1U);
  EXPECT_EQ(clips[0].name, "out");
}

TEST_F(EvalTest, NothingToScoreIsAnError) {
  std::filesystem::create_directory(folder_ / "empty");
  EXPECT_THROW(list_clips(folder_ / "empty"), Error);
  EXPECT_THROW(list_clips(folder_ / "nowhere"), Error);
}

}  // namespace
}  // namespace oasis::eval
