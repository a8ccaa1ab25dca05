#include "block_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace oasis::kernels::emulation {
namespace {

/// Thrown through a thread that must not go on.
struct Cancelled {};

bool same_place(const Location& a, const Location& b) {
  return a.line() == b.line() && a.column() == b.column() &&
         std::strcmp(a.file_name(), b.file_name()) == 0;
}

std::string line_of(const Location& where) {
  const std::string_view path = where.file_name();
  return fmt::format("{}:{}", path.substr(path.find_last_of('/') + 1), where.line());
}

std::string state_of(const Thread& thread) {
  if (thread.state == Thread::State::ended) return "has ended";
  const char* what =
      thread.state == Thread::State::at_barrier ? "the block barrier" : thread.operation.name;
  return fmt::format("waits at {} in {}", what, line_of(thread.where));
}

/// The warps in the order in which their first threads come, each with its threads in that order.
std::vector<std::vector<int>> lanes_by_warp(const std::vector<int>& thread_order) {
  std::vector<std::vector<int>> warps;
  for (const int index : thread_order) {
    const auto same = [&](const auto& lanes) {
      return lanes.front() / kWarpSize == index / kWarpSize;
    };
    const auto found = std::find_if(warps.begin(), warps.end(), same);
    if (found == warps.end()) {
      warps.push_back({index});
    } else {
      found->push_back(index);
    }
  }
  return warps;
}

}  // namespace

BlockRun& BlockRun::current() {
  static BlockRun run;
  return run;
}

std::string BlockRun::place(const Thread& thread) const {
  return fmt::format("kernel '{}', block ({}, {}, {}), thread {} ({})", kernel_, block_.x, block_.y,
                     block_.z, thread.index, line_of(thread.where));
}

void fault(FaultKind kind, const std::string& what, const Location& where) {
  auto& run = BlockRun::current();
  run.thread().where = where;
  throw KernelFault(kind, run.place(run.thread()) + ": " + what);
}

void BlockRun::suspend() {
  running_->stack.suspend();
  if (cancelled_) throw Cancelled{};
}

void BlockRun::wait_for_warp(const WarpOperation& operation, void* operands,
                             const Location& where) {
  auto& self = *running_;
  self.where = where;
  self.operation = operation;
  self.operands = operands;
  self.state = Thread::State::at_warp_operation;
  suspend();
}

void BlockRun::wait_for_block(const Location& where) {
  running_->where = where;
  running_->state = Thread::State::at_barrier;
  suspend();
}

void BlockRun::start_threads(int threads, const std::function<void()>& body) {
  while (static_cast<int>(threads_.size()) < threads) {
    threads_.push_back(std::make_unique<Thread>());
    threads_.back()->index = static_cast<int>(threads_.size()) - 1;
  }
  count_ = threads;
  for (int i = 0; i < threads; ++i) {
    auto& thread = *threads_[static_cast<std::size_t>(i)];
    thread.state = Thread::State::ready;
    thread.where = Location();
    thread.warp_epoch = 0;
    thread.copy_groups.clear();
    thread.open_group.clear();
    thread.stack.start([this, &thread, &body] {
      try {
        if (!cancelled_) body();
      } catch (const Cancelled&) {
      } catch (...) {
        thrown_ = std::current_exception();
      }
      thread.state = Thread::State::ended;
    });
  }
}

void BlockRun::resume(Thread& thread) {
  running_ = &thread;
  thread.stack.resume();
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
}

/// True if the lanes go on, false if all of them have ended or wait for the block.
bool BlockRun::complete_operation(int warp) {
  std::array<void*, kWarpSize> operands{};
  const Thread* waiting = nullptr;
  const Thread* other = nullptr;
  for (int lane = 0; lane < kWarpSize; ++lane) {
    const auto& thread = *threads_[static_cast<std::size_t>(warp * kWarpSize + lane)];
    operands[static_cast<std::size_t>(lane)] = thread.operands;
    if (thread.state != Thread::State::at_warp_operation) {
      other = &thread;
    } else if (waiting == nullptr) {
      waiting = &thread;
    } else if (std::strcmp(waiting->operation.name, thread.operation.name) != 0 ||
               !same_place(waiting->where, thread.where)) {
      other = &thread;
    }
  }
  if (waiting == nullptr) return false;
  if (other != nullptr) {
    throw KernelFault(FaultKind::warp_divergence,
                      fmt::format("{}: {}, but thread {} of its warp {}", place(*waiting),
                                  state_of(*waiting), other->index, state_of(*other)));
  }
  running_ = threads_[static_cast<std::size_t>(warp * kWarpSize)].get();
  if (waiting->operation.complete != nullptr) waiting->operation.complete(operands);
  for (int lane = 0; lane < kWarpSize; ++lane) {
    threads_[static_cast<std::size_t>(warp * kWarpSize + lane)]->state = Thread::State::ready;
  }
  return true;
}

void BlockRun::run_warp(const std::vector<int>& lanes) {
  do {
    for (const int index : lanes) {
      auto& thread = *threads_[static_cast<std::size_t>(index)];
      if (thread.state == Thread::State::ready) resume(thread);
    }
  } while (complete_operation(lanes.front() / kWarpSize));
}

void BlockRun::check_barrier() {
  const Thread* waiting = nullptr;
  for (int i = 0; i < count_ && waiting == nullptr; ++i) {
    const auto& thread = *threads_[static_cast<std::size_t>(i)];
    if (thread.state == Thread::State::at_barrier) waiting = &thread;
  }
  if (waiting == nullptr) return;
  for (int i = 0; i < count_; ++i) {
    auto& thread = *threads_[static_cast<std::size_t>(i)];
    if (thread.state != Thread::State::at_barrier || !same_place(thread.where, waiting->where)) {
      throw KernelFault(FaultKind::barrier_divergence,
                        fmt::format("{}: {}, but thread {} {}", place(*waiting), state_of(*waiting),
                                    thread.index, state_of(thread)));
    }
  }
  for (int i = 0; i < count_; ++i) {
    threads_[static_cast<std::size_t>(i)]->state = Thread::State::ready;
  }
  shared_.pass_barrier();
}

void BlockRun::unwind() {
  cancelled_ = true;
  for (auto& thread : threads_) {
    running_ = thread.get();
    if (!thread->stack.ended()) thread->stack.resume();
    thread->state = Thread::State::ended;
  }
  cancelled_ = false;
  thrown_ = nullptr;
}

void BlockRun::run(const char* kernel, const Coordinates& grid, const Coordinates& block,
                   int threads, int shared_bytes, const std::vector<int>& thread_order,
                   const std::function<void()>& body) {
  kernel_ = kernel;
  grid_ = grid;
  block_ = block;
  shared_.begin_block(shared_bytes);
  start_threads(threads, body);
  const auto warps = lanes_by_warp(thread_order);
  const auto ended = [](const auto& thread) { return thread->state == Thread::State::ended; };
  std::exception_ptr failure;
  try {
    while (!std::all_of(threads_.begin(), threads_.begin() + threads, ended)) {
      for (const auto& lanes : warps) run_warp(lanes);
      check_barrier();
    }
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    unwind();
    std::rethrow_exception(failure);
  }
}

}  // namespace oasis::kernels::emulation
