#pragma once

namespace oasis::train {

/// Starts this program `count` times on this machine with the same arguments and, in the
/// environment, RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR and MASTER_PORT as
/// torchrun sets them, and waits for all. The processors are shared out with OMP_NUM_THREADS unless
/// that is set. SIGTERM, SIGINT and SIGUSR1 are handed on to the ranks; should this process be
/// killed, so are they. When a rank fails, the others are given some seconds to end and are then
/// killed. To be called before anything has started a thread.
///
/// Returns the exit code of the first rank that failed (1 for one that was killed, which is named
/// on standard error), 0 if none has. Throws `oasis::Error` if no process can be started.
int launch_ranks(int count, char** argv);

/// Whether `launch_ranks` has started this process.
bool is_launched_rank();

/// Signals reach a launched rank from here on; those that came before are not lost. Called once
/// their handlers are installed.
void accept_launcher_signals();

}  // namespace oasis::train
