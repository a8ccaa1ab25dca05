#include "oasis/routing/statistics_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace oasis::routing {
namespace {

namespace fs = std::filesystem;

class StatisticsStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("oasis_statistics_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static VideoStatistics sample() {
    VideoStatistics video{"clips/a b.mp4", 1234, 7, {5, 20, 40}, HeadScores(2, 3)};
    for (std::size_t i = 0; i < video.scores.values().size(); ++i) {
      video.scores.values()[i] = 1.0 / 3 * static_cast<double>(i) + 1e-17;
    }
    return video;
  }

  fs::path folder_;
};

TEST_F(StatisticsStoreTest, GivesBackTheSameBits) {
  const StatisticsStore store(folder_, "settings");
  EXPECT_FALSE(store.find("clips/a b.mp4", 1234));
  store.save(sample());
  const auto found = store.find("clips/a b.mp4", 1234);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->scores.values(), sample().scores.values());
  EXPECT_EQ(found->grid.cols, 40);
  EXPECT_EQ(found->first_frame, 7);
}

TEST_F(StatisticsStoreTest, IgnoresOtherSettingsOtherFilesAndDamage) {
  const StatisticsStore store(folder_, "settings");
  store.save(sample());
  EXPECT_FALSE(StatisticsStore(folder_, "other").find("clips/a b.mp4", 1234));
  EXPECT_FALSE(store.find("clips/a b.mp4", 1235));
  EXPECT_FALSE(store.find("other/a b.mp4", 1234));
  for (const auto& entry : fs::directory_iterator(folder_)) {
    fs::resize_file(entry.path(), fs::file_size(entry.path()) / 2);
  }
  EXPECT_FALSE(store.find("clips/a b.mp4", 1234));
}

}  // namespace
}  // namespace oasis::routing
