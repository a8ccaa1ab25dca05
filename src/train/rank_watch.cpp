#include "oasis/train/rank_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <exception>

namespace oasis::train {
namespace {

constexpr const char* kLost = "watch/lost";      // "<exit code> <message>"
constexpr const char* kLeft = "watch/left";      // ranks that have ended or are about to
constexpr std::int64_t kGoodbye = -(1LL << 40);  // added to the beats of a rank that has ended

std::string beats_of(int rank) { return fmt::format("watch/beats/{}", rank); }

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

RankWatch::RankWatch(c10::intrusive_ptr<c10d::Store> store, int rank, int world,
                     const RankWatchOptions& options, OnLoss on_loss)
    : store_(std::move(store)),
      rank_(rank),
      world_(world),
      options_(options),
      on_loss_(std::move(on_loss)),
      interval_(std::clamp(options.timeout_seconds / 10, 0.02, 1.0)),
      next_seen_(Clock::now()),
      answered_(Clock::now()) {
  beater_ = std::thread([this] { beat(); });
  judge_ = std::thread([this] { judge(); });
}

RankWatch::~RankWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  change_.notify_all();
  beater_.join();
  try {
    if (!lost_) say_goodbye();
  } catch (const std::exception&) {
    // The store has gone, and with it whoever could miss this rank.
  }
  {
    const std::lock_guard lock(mutex_);
    beater_ended_ = true;
  }
  change_.notify_all();
  judge_.join();
}

void RankWatch::tell_failure(ExitCode code, const std::string& message) {
  failing_ = true;
  try {
    declare(code, fmt::format("rank {} has failed: {}", rank_, message));
  } catch (const std::exception&) {
    // Without the store the others will miss this rank.
  }
}

// False when the watch is to end.
bool RankWatch::wait_a_little() {
  std::unique_lock lock(mutex_);
  return !change_.wait_for(lock, interval_, [this] { return stopping_; });
}

void RankWatch::beat() {
  try {
    do {
      round();
      answered_ = Clock::now();
    } while (!lost_ && wait_a_little());
  } catch (const std::exception&) {
    lose(ExitCode::failed,
         fmt::format("{} has ended: the store that it holds is gone", options_.store_holder));
  }
}

void RankWatch::judge() {
  std::unique_lock lock(mutex_);
  while (!beater_ended_ && !lost_) {
    change_.wait_for(lock, interval_);
    if (seconds_since(answered_) < options_.timeout_seconds) continue;
    lock.unlock();
    lose(ExitCode::failed,
         fmt::format("{} has ended or cannot be reached: the store that it holds has not answered "
                     "for {:g} s",
                     options_.store_holder, options_.timeout_seconds));
    lock.lock();
  }
}

void RankWatch::round() {
  store_->add(beats_of(rank_), 1);
  if (store_->check({kLost})) {
    const std::string text = store_->get_to_str(kLost);
    const auto space = text.find(' ');
    if (!failing_) leave(world_ - 1, 3 * interval_.count() + 1);
    lose(static_cast<ExitCode>(std::atoi(text.c_str())), text.substr(space + 1));
    return;
  }
  look_at_next();
}

void RankWatch::look_at_next() {
  const int next = (rank_ + 1) % world_;
  const std::int64_t beats = store_->add(beats_of(next), 0);
  if (beats != next_beats_ || beats < 0) {
    next_beats_ = beats;
    next_seen_ = Clock::now();
    return;
  }
  const bool started = beats > 0;
  const double limit = started ? options_.timeout_seconds : options_.start_timeout_seconds;
  if (seconds_since(next_seen_) < limit) return;
  const std::string message =
      started ? fmt::format("rank {} has died or cannot be reached: no sign of life for {:g} s",
                            next, limit)
              : fmt::format("rank {} has not started within {:g} s", next, limit);
  declare(ExitCode::failed, message);
  leave(world_ - 1, 3 * interval_.count() + 1);
  lose(ExitCode::failed, message);
}

// The first loss that is declared is what all ranks say.
void RankWatch::declare(ExitCode code, const std::string& message) {
  store_->compareSet(kLost, "", fmt::format("{} {}", static_cast<int>(code), message));
}

void RankWatch::lose(ExitCode code, const std::string& message) {
  if (failing_ || lost_.exchange(true)) return;
  on_loss_(code, message);
}

void RankWatch::say_goodbye() {
  answered_ = Clock::now();
  store_->add(beats_of(rank_), kGoodbye);
  // Those who still have to read why it failed wait for each other, not for this rank.
  if (failing_ && !options_.holds_store) return;
  leave(world_, options_.timeout_seconds);
}

// The store goes with its holder, which lets the others read what they need to know.
void RankWatch::leave(std::int64_t ranks, double patience_seconds) {
  std::int64_t left = store_->add(kLeft, 1);
  const auto start = Clock::now();
  while (options_.holds_store && left < ranks && seconds_since(start) < patience_seconds) {
    std::this_thread::sleep_for(interval_ / 2);
    left = store_->add(kLeft, 0);
    answered_ = Clock::now();
  }
}

}  // namespace oasis::train
