#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace oasis::infer {

/// A queue between two threads that holds at most `capacity` items. The taker and the giver may
/// pass `while_waiting`, called about ten times a second while they wait; what it throws reaches
/// them.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Waits for room. False: the queue was cancelled or closed and the item is dropped.
  template <typename F>
  bool push(T item, F&& while_waiting) {
    std::unique_lock lock(mutex_);
    wait(lock, while_waiting, [this] { return closed_ || items_.size() < capacity_; });
    if (closed_) return false;
    items_.push_back(std::move(item));
    lock.unlock();
    changed_.notify_all();
    return true;
  }
  bool push(T item) {
    return push(std::move(item), [] {});
  }

  /// Waits for an item; nothing once the queue is closed and empty, or cancelled.
  template <typename F>
  std::optional<T> pop(F&& while_waiting) {
    std::unique_lock lock(mutex_);
    wait(lock, while_waiting, [this] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    lock.unlock();
    changed_.notify_all();
    return item;
  }
  std::optional<T> pop() {
    return pop([] {});
  }

  /// No more items will come; those inside can still be taken.
  void close() { end(false); }

  /// Drops everything and frees whoever waits.
  void cancel() { end(true); }

 private:
  template <typename F, typename Ready>
  void wait(std::unique_lock<std::mutex>& lock, F& while_waiting, Ready ready) {
    while (!changed_.wait_for(lock, std::chrono::milliseconds(100), ready)) while_waiting();
  }

  void end(bool drop) {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      if (drop) items_.clear();
    }
    changed_.notify_all();
  }

  std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace oasis::infer
