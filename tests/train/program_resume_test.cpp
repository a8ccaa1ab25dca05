#include <gtest/gtest.h>

#include <random>
#include <string>

#include "train_program.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;

class Resume : public TrainProgram {
 protected:
  static Arguments steps(std::int64_t count, const Arguments& more = {}) {
    Arguments arguments = {"--set", "train.steps=" + std::to_string(count)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
};

TEST_F(Resume, AKilledRunEndsWithTheBitsOfAStraightOne) {
  ASSERT_EQ(run("straight", steps(20)), 0) << log("straight");
  const pid_t first = start("killed", steps(100000, {"--set", "train.save_every=10"}));
  ASSERT_TRUE(reaches("killed", 10)) << log("killed");
  std::this_thread::sleep_for(std::chrono::milliseconds(250));  // a few steps
  kill(first, SIGKILL);
  ASSERT_EQ(wait_for(first), -SIGKILL);
  ASSERT_EQ(newest("killed"), 10) << "the machine was too slow to kill it in time";
  ASSERT_EQ(run("killed", steps(20, {"--resume", "auto", "--set", "data.threads=3", "--set",
                                     "data.ahead=7"})),
            0)
      << log("killed");
  expect_same_model("straight", "killed");
}

TEST_F(Resume, TwentyKillsLoseNothing) {
  constexpr std::size_t keep = 3;
  std::mt19937 random(20);
  std::uniform_int_distribution<int> delay(0, 900);
  std::vector<std::int64_t> before;
  for (int round = 0; round < 20; ++round) {
    const pid_t process =
        start("run", steps(100000, {"--resume", "auto", "--set", "train.save_every=2", "--set",
                                    "data.threads=" + std::to_string(1 + round % 3)}));
    // From when it has begun to work: loading the program takes longer than the rest.
    const fs::path events = folder_ / "run" / "tensorboard";
    const auto files = [&] {
      std::error_code none;
      return std::distance(fs::directory_iterator(events, none), fs::directory_iterator());
    };
    const auto there = files();
    ASSERT_TRUE(within(60, [&] { return files() > there; })) << log("run");
    // Every other round saves first, so that the run gets on however busy the machine is.
    if (round % 2 == 1) {
      ASSERT_TRUE(reaches("run", newest("run") + 2)) << log("run");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(delay(random)));
    kill(process, SIGKILL);
    ASSERT_EQ(wait_for(process), -SIGKILL) << log("run");

    const auto after = checkpoints("run");
    for (const std::int64_t step : after) {
      const TrainingState state = CheckpointFolder(folder_ / "run").load(step);
      EXPECT_EQ(state.step, step);
      EXPECT_EQ(state.shards.size(), 1U);
    }
    for (const std::int64_t step : before) {
      const auto later = std::count_if(after.begin(), after.end(),
                                       [step](std::int64_t other) { return other > step; });
      const bool kept = std::find(after.begin(), after.end(), step) != after.end();
      EXPECT_TRUE(kept || later >= static_cast<std::ptrdiff_t>(keep))
          << "step " << step << " is lost in round " << round;
    }
    before = after;
  }
  const std::int64_t last = newest("run") + 3;
  EXPECT_GT(last, 20);
  ASSERT_EQ(run("run", steps(last, {"--resume", "auto"})), 0) << log("run");
  ASSERT_EQ(run("straight", steps(last)), 0) << log("straight");
  expect_same_model("straight", "run");
  for (const auto& entry : fs::directory_iterator(folder_ / "run" / "checkpoints")) {
    EXPECT_TRUE(entry.path().extension().empty()) << entry.path();
  }
}

TEST_F(Resume, SignalsSave) {
  const pid_t process = start("run", steps(100000));
  ASSERT_TRUE(within(60, [&] { return fs::exists(folder_ / "run" / "log.csv"); }));
  kill(process, SIGUSR1);
  ASSERT_TRUE(reaches("run", 1)) << log("run");
  const std::int64_t first = newest("run");
  kill(process, SIGUSR1);
  ASSERT_TRUE(reaches("run", first + 1)) << log("run");
  const std::int64_t second = newest("run");
  kill(process, SIGTERM);
  EXPECT_EQ(wait_for(process), 143) << log("run");
  const std::int64_t last = newest("run");
  EXPECT_GT(last, second);
  EXPECT_FALSE(fs::exists(folder_ / "run" / "model"));
  ASSERT_EQ(run("run", steps(last + 2, {"--resume", "auto"})), 0) << log("run");
  ASSERT_EQ(run("straight", steps(last + 2)), 0);
  expect_same_model("straight", "run");
}

TEST_F(Resume, AnEarlierRunIsNotOverwritten) {
  ASSERT_EQ(run("run", steps(1)), 0) << log("run");
  EXPECT_EQ(run("run", steps(2)), 2);
  EXPECT_NE(log("run").find("--resume auto"), std::string::npos);
}

}  // namespace
}  // namespace oasis::train
