#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "oasis/core/error.h"
#include "oasis/train/launch.h"

namespace oasis::train {
namespace {

using Variables = std::map<std::string, std::string>;

Environment environment(const Variables& variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(Placement, OneProcessWithoutALauncher) {
  const Placement placement = find_placement(environment({}));
  EXPECT_EQ(placement.world, 1);
  EXPECT_EQ(placement.launcher, "none");
}

TEST(Placement, TorchrunWithAndWithoutItsOwnStore) {
  Variables variables = {{"RANK", "3"},
                         {"WORLD_SIZE", "8"},
                         {"LOCAL_RANK", "1"},
                         {"MASTER_ADDR", "node1"},
                         {"MASTER_PORT", "29500"},
                         {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                         {"TORCHELASTIC_RESTART_COUNT", "2"}};
  Placement placement = find_placement(environment(variables));
  EXPECT_EQ(placement.rank, 3);
  EXPECT_EQ(placement.world, 8);
  EXPECT_EQ(placement.local_rank, 1);
  EXPECT_EQ(placement.master, "node1");
  EXPECT_TRUE(placement.store_is_up);
  EXPECT_EQ(placement.prefix, "/worker/attempt_2");
  variables["TORCHELASTIC_USE_AGENT_STORE"] = "False";
  placement = find_placement(environment(variables));
  EXPECT_FALSE(placement.store_is_up);
}

TEST(Placement, OnlyRankZeroTakesOverASocket) {
  Variables variables = {{"RANK", "0"},         {"WORLD_SIZE", "2"},      {"LOCAL_RANK", "0"},
                         {"MASTER_ADDR", "me"}, {"MASTER_PORT", "29500"}, {"OASIS_LISTEN_FD", "7"}};
  EXPECT_EQ(find_placement(environment(variables)).listen_fd, 7);
  variables["RANK"] = "1";
  EXPECT_EQ(find_placement(environment(variables)).listen_fd, -1);
}

TEST(Placement, TorchrunComesBeforeSlurm) {
  const Placement placement = find_placement(environment(
      {{"RANK", "0"}, {"WORLD_SIZE", "1"}, {"SLURM_PROCID", "5"}, {"SLURM_NTASKS", "6"}}));
  EXPECT_EQ(placement.launcher, "torchrun");
  EXPECT_EQ(placement.world, 1);
}

struct LauncherCase {
  const char* name;
  Variables variables;
};

class Launchers : public ::testing::TestWithParam<LauncherCase> {};

TEST_P(Launchers, GiveRankWorldAndLocalRank) {
  Variables variables = GetParam().variables;
  variables["MASTER_ADDR"] = "first";
  variables["MASTER_PORT"] = "1234";
  const Placement placement = find_placement(environment(variables));
  EXPECT_EQ(placement.launcher, GetParam().name);
  EXPECT_EQ(placement.rank, 2);
  EXPECT_EQ(placement.world, 4);
  EXPECT_EQ(placement.local_rank, 1);
  EXPECT_EQ(placement.port, 1234);
}

INSTANTIATE_TEST_SUITE_P(
    Known, Launchers,
    ::testing::Values(
        LauncherCase{"SLURM",
                     {{"SLURM_PROCID", "2"}, {"SLURM_NTASKS", "4"}, {"SLURM_LOCALID", "1"}}},
        LauncherCase{"Open MPI",
                     {{"OMPI_COMM_WORLD_RANK", "2"},
                      {"OMPI_COMM_WORLD_SIZE", "4"},
                      {"OMPI_COMM_WORLD_LOCAL_RANK", "1"}}},
        LauncherCase{"PMI", {{"PMI_RANK", "2"}, {"PMI_SIZE", "4"}, {"MPI_LOCALRANKID", "1"}}}),
    [](const auto& each) {
      std::string name = each.param.name;
      name.erase(std::remove(name.begin(), name.end(), ' '), name.end());
      return name;
    });

TEST(Placement, NamesWhatIsMissing) {
  const auto message = [](const Variables& variables) {
    try {
      find_placement(environment(variables));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const Variables slurm = {{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "2"}, {"SLURM_LOCALID", "0"}};
  EXPECT_NE(message(slurm).find("MASTER_PORT"), std::string::npos);
  EXPECT_NE(message({{"RANK", "9"}, {"WORLD_SIZE", "2"}}).find("RANK=9"), std::string::npos);
  EXPECT_NE(message({{"RANK", "x"}, {"WORLD_SIZE", "2"}}).find("RANK=x"), std::string::npos);
}

}  // namespace
}  // namespace oasis::train
