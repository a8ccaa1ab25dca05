#include <gtest/gtest.h>

#include <string>

#include "train_program.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;

class Ranks : public TrainProgram {
 protected:
  static Arguments endless(const Arguments& more = {}) {
    Arguments arguments = {"--set", "train.steps=100000"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  /// Three processes as torchrun would start them.
  std::vector<pid_t> start_three(const Arguments& arguments, const Arguments& of_rank_1 = {}) {
    const int port = free_port();
    std::vector<pid_t> processes;
    for (int rank = 0; rank < 3; ++rank) {
      Arguments all = arguments;
      if (rank == 1) all.insert(all.end(), of_rank_1.begin(), of_rank_1.end());
      processes.push_back(start("run", all, torchrun(rank, 3, port)));
    }
    return processes;
  }

  std::string log_of(int rank) const { return log("run", {{"RANK", std::to_string(rank)}}); }

  /// The processes that a launcher has started.
  static std::vector<pid_t> children_of(pid_t process) {
    const std::string name = std::to_string(process);
    std::ifstream stream("/proc/" + name + "/task/" + name + "/children");
    return {std::istream_iterator<pid_t>(stream), {}};
  }

  static bool runs(pid_t process) {
    std::ifstream stream("/proc/" + std::to_string(process) + "/stat");
    std::string line;
    return std::getline(stream, line) && line.find(") Z ") == std::string::npos;
  }
};

TEST_F(Ranks, GiveTheNumbersOfOneProcess) {
  ASSERT_EQ(run("one", {}), 0) << log("one");
  for (const std::string count : {"2", "3"}) {
    const std::string output = "ranks" + count;
    ASSERT_EQ(run(output, {"--processes", count}), 0) << log(output);
    EXPECT_LT(distance("one", output), 1e-6) << count << " ranks";
    EXPECT_EQ(checkpoints(output), std::vector<std::int64_t>{5});
  }
}

TEST_F(Ranks, AnotherNumberOfThemGoesOn) {
  ASSERT_EQ(run("one", {}), 0) << log("one");
  const std::string last_steps[] = {"2", "3", "5"};
  const std::string counts[] = {"3", "1", "2"};
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(run("mixed", {"--resume", "auto", "--processes", counts[i], "--set",
                            "train.steps=" + last_steps[i]}),
              0)
        << log("mixed");
  }
  EXPECT_EQ(checkpoints("mixed"), (std::vector<std::int64_t>{2, 3, 5}));
  EXPECT_LT(distance("one", "mixed"), 1e-6);
}

TEST_F(Ranks, AKilledOneEndsTheOthersWithItsName) {
  for (const int victim : {1, 0}) {
    const auto processes = start_three(
        endless({"--set", "train.save_every=1", "--set", "train.rank_timeout_seconds=2"}));
    ASSERT_TRUE(reaches("run", 2)) << log_of(0);
    kill(processes[static_cast<std::size_t>(victim)], SIGKILL);
    ASSERT_EQ(wait_for(processes[static_cast<std::size_t>(victim)]), -SIGKILL);
    for (int rank = 0; rank < 3; ++rank) {
      if (rank == victim) continue;
      EXPECT_EQ(wait_for(processes[static_cast<std::size_t>(rank)], 15), 1) << "rank " << rank;
      EXPECT_NE(log_of(rank).find("rank " + std::to_string(victim)), std::string::npos)
          << log_of(rank);
    }
    fs::remove_all(folder_ / "run");
  }
}

TEST_F(Ranks, AFailedOneEndsTheOthersWithItsMessage) {
  // Only rank 1 cannot share its batch out among three.
  const auto processes =
      start_three(endless(), {"--set", "batch.global=12", "--set", "batch.micro=12"});
  for (int rank = 0; rank < 3; ++rank) {
    EXPECT_EQ(wait_for(processes[static_cast<std::size_t>(rank)], 30), 2) << log_of(rank);
    EXPECT_NE(log_of(rank).find(rank == 1 ? "rank 1: batch.global" : "rank 1 has failed"),
              std::string::npos)
        << log_of(rank);
  }
}

TEST_F(Ranks, TheLauncherNamesAKilledOne) {
  const pid_t launcher = start("run", endless({"--processes", "3", "--set", "train.save_every=1"}));
  ASSERT_TRUE(reaches("run", 2)) << log("run");
  const auto children = children_of(launcher);
  ASSERT_EQ(children.size(), 3U);
  kill(children[2], SIGKILL);
  EXPECT_EQ(wait_for(launcher, 15), 1);
  EXPECT_NE(log("run").find("rank 2 (process " + std::to_string(children[2]) +
                            ") was killed by signal 9"),
            std::string::npos)
      << log("run");
  for (const pid_t child : children) EXPECT_FALSE(runs(child));
}

TEST_F(Ranks, KillingThemAllLeavesWholeCheckpoints) {
  std::int64_t last = 0;
  for (int round = 0; round < 4; ++round) {
    const pid_t launcher = start(
        "run", endless({"--processes", "2", "--resume", "auto", "--set", "train.save_every=1"}));
    ASSERT_TRUE(reaches("run", last + 1)) << log("run");
    const auto children = children_of(launcher);
    std::this_thread::sleep_for(std::chrono::milliseconds(17 * round));
    kill(launcher, SIGKILL);
    ASSERT_EQ(wait_for(launcher), -SIGKILL) << log("run");
    for (const pid_t child : children) {
      EXPECT_TRUE(within(10, [&] { return !runs(child); })) << "a rank outlives them all";
    }
    EXPECT_GE(newest("run"), last);
    last = newest("run");
    for (const std::int64_t step : checkpoints("run")) {
      EXPECT_EQ(CheckpointFolder(folder_ / "run").load(step).shards.size(), 2U);
    }
  }
}

TEST_F(Ranks, TheLauncherHandsSignalsOn) {
  const pid_t launcher = start("run", endless({"--processes", "2"}));
  ASSERT_TRUE(within(60, [&] { return fs::exists(folder_ / "run" / "log.csv"); })) << log("run");
  kill(launcher, SIGUSR1);
  ASSERT_TRUE(reaches("run", 1)) << log("run");
  const std::int64_t first = newest("run");
  kill(launcher, SIGTERM);
  EXPECT_EQ(wait_for(launcher), 143) << log("run");
  EXPECT_GT(newest("run"), first);
}

TEST_F(Ranks, TheLauncherDoesNotHideAMistake) {
  EXPECT_EQ(run("run", {"--processes", "2", "--set", "train.stepz=3"}), 2);
  EXPECT_EQ(run("run", {"--processes", "2", "--set", "batch.global=5"}), 2);
  EXPECT_NE(log("run").find("2 processes"), std::string::npos) << log("run");
  EXPECT_EQ(run("run", {"--processes", "2", "--preview", "1"}), 2);
  EXPECT_EQ(run("run", {"--gpus", "2", "--device", "cpu"}), 2);
  const pid_t twice = start("run", {"--processes", "2"}, torchrun(0, 2, free_port()));
  EXPECT_EQ(wait_for(twice), 2);
}

}  // namespace
}  // namespace oasis::train
