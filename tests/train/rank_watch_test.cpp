#include "oasis/train/rank_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <vector>

namespace oasis::train {
namespace {

using std::chrono::milliseconds;

/// Ranks as threads of one process on one store.
class RankWatchTest : public ::testing::Test {
 protected:
  struct Loss {
    ExitCode code;
    std::string message;
  };

  RankWatchTest() : store_(c10::make_intrusive<c10d::HashStore>()), losses_(3) {}

  std::unique_ptr<RankWatch> watch(int rank) {
    RankWatchOptions options;
    options.timeout_seconds = 0.25;
    options.start_timeout_seconds = 0.5;
    options.holds_store = rank == 0;
    return std::make_unique<RankWatch>(
        store_, rank, 3, options, [this, rank](ExitCode code, const std::string& message) {
          losses_[static_cast<std::size_t>(rank)].set_value({code, message});
        });
  }

  std::future<Loss> loss(int rank) { return losses_[static_cast<std::size_t>(rank)].get_future(); }

  c10::intrusive_ptr<c10d::HashStore> store_;
  std::vector<std::promise<Loss>> losses_;
};

TEST_F(RankWatchTest, NothingHappensWhileAllAreAlive) {
  auto lost = loss(1);
  std::vector<std::unique_ptr<RankWatch>> ranks;
  for (int rank = 0; rank < 3; ++rank) ranks.push_back(watch(rank));
  EXPECT_EQ(lost.wait_for(milliseconds(600)), std::future_status::timeout);
  for (int rank = 2; rank >= 0; --rank) ranks[static_cast<std::size_t>(rank)].reset();
}

TEST_F(RankWatchTest, ARankThatNeverComesIsNamed) {
  auto lost = loss(0);
  const auto rank_0 = watch(0);
  const auto rank_1 = watch(1);
  ASSERT_EQ(lost.wait_for(milliseconds(5000)), std::future_status::ready);
  EXPECT_EQ(lost.get().message, "rank 2 has not started within 0.5 s");
}

TEST_F(RankWatchTest, AFailureIsToldToAll) {
  auto first = loss(0);
  auto second = loss(2);
  const auto rank_0 = watch(0);
  auto rank_1 = watch(1);
  const auto rank_2 = watch(2);
  rank_1->tell_failure(ExitCode::unreadable_input, "no such file");
  rank_1.reset();
  for (auto* lost : {&first, &second}) {
    ASSERT_EQ(lost->wait_for(milliseconds(5000)), std::future_status::ready);
    const Loss what = lost->get();
    EXPECT_EQ(what.code, ExitCode::unreadable_input);
    EXPECT_EQ(what.message, "rank 1 has failed: no such file");
  }
}

TEST_F(RankWatchTest, ARankThatHasFinishedIsNotMissed) {
  auto lost = loss(0);
  const auto rank_0 = watch(0);
  auto rank_1 = watch(1);
  auto rank_2 = watch(2);
  std::this_thread::sleep_for(milliseconds(50));
  rank_1.reset();
  rank_2.reset();
  EXPECT_EQ(lost.wait_for(milliseconds(600)), std::future_status::timeout);
}

}  // namespace
}  // namespace oasis::train
