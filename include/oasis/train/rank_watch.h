#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "oasis/core/error.h"

namespace oasis::train {

struct RankWatchOptions {
  double timeout_seconds = 30;         ///< without a sign of life, until a rank counts as dead
  double start_timeout_seconds = 600;  ///< for the first sign of life
  /// This process holds the store, and must not leave before the others have.
  bool holds_store = false;
  std::string store_holder = "rank 0";  ///< for messages
};

/// Ends a process whose fellow ranks have died or failed, even where it hangs in a collective
/// operation. A thread gives a sign of life in the store several times within the timeout, looks
/// for that of the next rank, and for the failure that any rank has told. So a rank that was killed
/// is missed by its neighbour, which tells the others.
class RankWatch {
 public:
  /// What to do when a rank is lost; called once, on a thread of the watch. `message` names the
  /// rank.
  using OnLoss = std::function<void(ExitCode code, const std::string& message)>;

  /// `store`: a connection that nothing else uses.
  RankWatch(c10::intrusive_ptr<c10d::Store> store, int rank, int world,
            const RankWatchOptions& options, OnLoss on_loss);
  /// Says goodbye: silence from now on is not death. The holder of the store waits for the others,
  /// for `timeout_seconds` at most.
  ~RankWatch();
  RankWatch(const RankWatch&) = delete;
  RankWatch& operator=(const RankWatch&) = delete;

  /// Tells the other ranks that this one has failed; each ends with the same code.
  void tell_failure(ExitCode code, const std::string& message);

 private:
  using Clock = std::chrono::steady_clock;

  void beat();   ///< body of the thread that talks to the store
  void judge();  ///< body of the thread that sees whether the store answers
  void round();
  void look_at_next();
  void declare(ExitCode code, const std::string& message);
  void lose(ExitCode code, const std::string& message);
  void say_goodbye();
  void leave(std::int64_t ranks, double patience_seconds);
  bool wait_a_little();

  c10::intrusive_ptr<c10d::Store> store_;
  int rank_;
  int world_;
  RankWatchOptions options_;
  OnLoss on_loss_;
  std::chrono::duration<double> interval_;
  std::int64_t next_beats_ = 0;  ///< of the next rank, when last seen to change
  Clock::time_point next_seen_;
  std::atomic<Clock::time_point> answered_;
  std::atomic<bool> failing_ = false;
  std::atomic<bool> lost_ = false;
  std::mutex mutex_;
  std::condition_variable change_;
  bool stopping_ = false;
  bool beater_ended_ = false;
  std::thread beater_;
  std::thread judge_;
};

}  // namespace oasis::train
