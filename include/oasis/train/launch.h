#pragma once

#include <functional>
#include <optional>
#include <string>

namespace oasis::train {

/// The place of this process among those of a run.
struct Placement {
  int rank = 0;
  int world = 1;
  int local_rank = 0;  ///< on its machine: the index of its GPU
  std::string master = "127.0.0.1";
  int port = 0;              ///< of the store; 0 for a single process
  int listen_fd = -1;        ///< rank 0: a socket that listens on the port already; -1: none
  bool store_is_up = false;  ///< torchrun's agent holds the store: every rank is a client
  std::string prefix;        ///< of the store's keys, one per restart
  std::string launcher = "none";
};

/// Looks a variable up; `std::getenv` for programs.
using Environment = std::function<std::optional<std::string>(const std::string&)>;
std::optional<std::string> process_environment(const std::string& name);

/// Reads the place from what a launcher sets: torchrun, SLURM, Open MPI, PMI (MPICH, Intel), in
/// this order; a single process if none has. SLURM and MPI need MASTER_ADDR and MASTER_PORT with
/// more than one process. Throws `oasis::Error` (usage) that names the variable that is missing or
/// makes no sense.
Placement find_placement(const Environment& environment);

}  // namespace oasis::train
