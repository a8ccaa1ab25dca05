#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "oasis/data/sample_source.h"

namespace oasis::data {

struct LoaderOptions {
  int threads = 2;          ///< samples made at the same time
  std::size_t ahead = 4;    ///< samples kept ready, at most
  bool pin_memory = false;  ///< page-locked tensors, for copies to a GPU that run beside other work
};

/// Makes samples ahead of their use in worker threads and hands them out in order.
class SampleLoader {
 public:
  /// The uid of the n-th sample that this loader hands out.
  using Numbering = std::function<std::uint64_t(std::uint64_t)>;

  SampleLoader(std::shared_ptr<const SampleSource> source, Numbering numbering,
               const LoaderOptions& options);
  ~SampleLoader();
  SampleLoader(const SampleLoader&) = delete;
  SampleLoader& operator=(const SampleLoader&) = delete;

  /// The next sample. What a worker threw comes out here, at the sample's turn.
  TrainingSample next();

  /// Seconds that `next` has waited so far.
  double waited() const { return waited_; }

 private:
  struct Result {
    TrainingSample sample;
    std::exception_ptr failure;
  };

  void work();

  std::shared_ptr<const SampleSource> source_;
  Numbering numbering_;
  LoaderOptions options_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable filled_;
  std::map<std::uint64_t, Result> ready_;
  std::uint64_t next_to_make_ = 0;
  std::uint64_t next_to_give_ = 0;
  bool stopping_ = false;
  double waited_ = 0;
  std::vector<std::thread> workers_;
};

}  // namespace oasis::data
