#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emulator.h"
#include "fiber_stack.h"
#include "shared_memory.h"

namespace oasis::kernels::emulation {

constexpr int kWarpSize = 32;

struct Coordinates {
  int x = 1;
  int y = 1;
  int z = 1;
};

/// What the lanes of a warp do together. Lane l hands over `operands[l]`; `complete` is called
/// once, when all have arrived, and writes the results there.
struct WarpOperation {
  const char* name = "";
  void (*complete)(const std::array<void*, kWarpSize>& operands) = nullptr;
};

/// A copy of a thread that is under way: 16 bytes, `valid` of them read, the rest 0.
struct AsyncCopy {
  int target = 0;
  const void* source = nullptr;
  int valid = 0;
};

/// One thread of the block.
struct Thread {
  enum class State { ready, at_warp_operation, at_barrier, ended };

  int index = 0;
  State state = State::ended;
  Location where;  ///< of its last call of the emulation
  WarpOperation operation;
  void* operands = nullptr;
  std::uint32_t warp_epoch = 0;
  std::deque<std::vector<AsyncCopy>> copy_groups;  ///< committed, oldest first
  std::vector<AsyncCopy> open_group;
  FiberStack stack;

  int warp() const { return index / kWarpSize; }
  Accessor accessor() const { return {static_cast<std::uint32_t>(index), warp_epoch}; }
};

/// The block that runs. There is one at a time in a process.
class BlockRun {
 public:
  static BlockRun& current();

  /// Runs one block to its end; throws what its threads throw, and KernelFault.
  void run(const char* kernel, const Coordinates& grid, const Coordinates& block, int threads,
           int shared_bytes, const std::vector<int>& thread_order,
           const std::function<void()>& body);

  // Called by the threads.
  Thread& thread() { return *running_; }
  const Coordinates& grid() const { return grid_; }
  const Coordinates& block() const { return block_; }
  int thread_count() const { return count_; }
  SharedMemory& shared() { return shared_; }
  void wait_for_warp(const WarpOperation& operation, void* operands, const Location& where);
  void wait_for_block(const Location& where);

  /// "kernel 'x', block (0, 0, 0), thread 3 (x.cu:17)".
  std::string place(const Thread& thread) const;

 private:
  void start_threads(int threads, const std::function<void()>& body);
  void suspend();
  void resume(Thread& thread);
  void run_warp(const std::vector<int>& lanes);
  bool complete_operation(int warp);
  void check_barrier();
  void unwind();

  std::vector<std::unique_ptr<Thread>> threads_;
  SharedMemory shared_;
  Thread* running_ = nullptr;
  const char* kernel_ = "";
  Coordinates grid_;
  Coordinates block_;
  int count_ = 0;
  bool cancelled_ = false;
  std::exception_ptr thrown_;
};

/// Throws a KernelFault of the running thread.
[[noreturn]] void fault(FaultKind kind, const std::string& what, const Location& where);

/// Runs all blocks in the order that the innermost OrderScope set.
void run_grid(const char* kernel, const Coordinates& grid, int threads, int shared_bytes,
              const std::function<void()>& body);

}  // namespace oasis::kernels::emulation
