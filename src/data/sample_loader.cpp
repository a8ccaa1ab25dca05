#include "oasis/data/sample_loader.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>

namespace oasis::data {

SampleLoader::SampleLoader(std::shared_ptr<const SampleSource> source, Numbering numbering,
                           const LoaderOptions& options)
    : source_(std::move(source)), numbering_(std::move(numbering)), options_(options) {
  options_.ahead = std::max<std::size_t>(options_.ahead, 1);
  for (int i = 0; i < std::max(options_.threads, 1); ++i) workers_.emplace_back([this] { work(); });
}

SampleLoader::~SampleLoader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  room_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void SampleLoader::work() {
  const at::NoGradGuard no_grad;
  while (true) {
    std::uint64_t number = 0;
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock,
                 [this] { return stopping_ || next_to_make_ < next_to_give_ + options_.ahead; });
      if (stopping_) return;
      number = next_to_make_++;
    }
    Result result;
    try {
      result.sample = source_->sample(numbering_(number));
      if (options_.pin_memory) {
        result.sample.hq = result.sample.hq.pin_memory();
        result.sample.lq = result.sample.lq.pin_memory();
      }
    } catch (...) {
      result.failure = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    ready_.emplace(number, std::move(result));
    filled_.notify_all();
  }
}

TrainingSample SampleLoader::next() {
  const auto start = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  filled_.wait(lock, [this] { return ready_.count(next_to_give_) != 0; });
  waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  auto node = ready_.extract(next_to_give_++);
  room_.notify_all();
  if (node.mapped().failure) std::rethrow_exception(node.mapped().failure);
  return std::move(node.mapped().sample);
}

}  // namespace oasis::data
