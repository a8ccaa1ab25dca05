#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>

#include "oasis/core/error.h"
#include "oasis/train/launch.h"

namespace oasis::train {
namespace {

// The names under which a launcher gives rank, number of processes and local rank.
struct Launcher {
  const char* name;
  const char* rank;
  const char* world;
  const char* local_rank;
};

constexpr std::array kLaunchers = {
    Launcher{"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK"},
    Launcher{"SLURM", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"},
    Launcher{"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
             "OMPI_COMM_WORLD_LOCAL_RANK"},
    Launcher{"PMI", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"},
};

int number(const Environment& environment, const std::string& name, int least, int most) {
  const auto text = environment(name);
  if (!text) {
    throw Error(ExitCode::usage, fmt::format("the variable {} is not set, which a run of several "
                                             "processes needs",
                                             name));
  }
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < least || value > most) {
    throw Error(ExitCode::usage,
                fmt::format("{}={} should be a number from {} to {}", name, *text, least, most));
  }
  return value;
}

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

Placement find_placement(const Environment& environment) {
  constexpr int most_processes = 1 << 20;
  Placement placement;
  for (const Launcher& launcher : kLaunchers) {
    if (!environment(launcher.rank) || !environment(launcher.world)) continue;
    placement.launcher = launcher.name;
    placement.world = number(environment, launcher.world, 1, most_processes);
    placement.rank = number(environment, launcher.rank, 0, placement.world - 1);
    if (placement.world == 1) return placement;
    placement.local_rank = number(environment, launcher.local_rank, 0, placement.world - 1);
    placement.port = number(environment, "MASTER_PORT", 1, 65535);
    const auto master = environment("MASTER_ADDR");
    if (!master) {
      throw Error(ExitCode::usage,
                  "the variable MASTER_ADDR is not set: give the first machine's "
                  "name");
    }
    placement.master = *master;
    if (placement.rank == 0 && environment("OASIS_LISTEN_FD")) {
      placement.listen_fd = number(environment, "OASIS_LISTEN_FD", 0, 1 << 20);
    }
    placement.store_is_up = environment("TORCHELASTIC_USE_AGENT_STORE").value_or("") == "True";
    placement.prefix =
        fmt::format("/worker/attempt_{}", environment("TORCHELASTIC_RESTART_COUNT").value_or("0"));
    return placement;
  }
  return placement;
}

}  // namespace oasis::train
