#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "oasis/train/adamw.h"
#include "oasis/train/comm.h"

namespace oasis::train {

/// The gradients of all parameters, laid end to end in float32: summed over micro-batches, averaged
/// over ranks while the backward pass is still running.
///
/// As soon as a parameter's gradient is there it is added to its place and its own memory is
/// released. In the last micro-batch of a step, places that are complete are summed over the ranks
/// in buckets, from the last parameter to the first, the order in which a backward pass ends: the
/// same order on every rank. One object per set of parameters; they must outlive it.
class GradientBuckets {
 public:
  /// `bucket_bytes`: of float32 gradients that are sent in one piece.
  GradientBuckets(const AdamW::Parameters& parameters, std::shared_ptr<Comm> comm,
                  std::int64_t bucket_bytes = std::int64_t{25} << 20);
  ~GradientBuckets();
  GradientBuckets(const GradientBuckets&) = delete;
  GradientBuckets& operator=(const GradientBuckets&) = delete;

  /// Before the backward pass of each micro-batch; `first` forgets the step before, `last` lets
  /// complete buckets be sent.
  void begin(bool first, bool last);

  /// After the last backward pass: sends what no gradient came for, waits, and returns the mean
  /// over the ranks `[count + padding]`, in the layout of `AdamW::step(mean)`. Valid until the next
  /// `begin`.
  at::Tensor finish();

 private:
  struct Bucket {
    at::Tensor values;         ///< a view of `flat_`
    std::int64_t members = 0;  ///< parameters
    std::int64_t missing = 0;  ///< of them without a gradient in this pass
  };
  struct Place {
    at::Tensor values;  ///< a view of `flat_` in the parameter's shape
    std::size_t bucket = 0;
    bool filled = false;  ///< in this pass
  };
  class Hook;

  void take(std::size_t parameter, const at::Tensor& tensor);
  void send_complete_buckets();

  AdamW::Parameters parameters_;
  std::shared_ptr<Comm> comm_;
  at::Tensor flat_;
  std::vector<Place> places_;    ///< by parameter
  std::vector<Bucket> buckets_;  ///< in the order of sending
  std::size_t next_ = 0;         ///< bucket to send
  bool sending_ = false;
};

}  // namespace oasis::train
