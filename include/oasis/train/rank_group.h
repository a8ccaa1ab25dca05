#pragma once

#include <functional>
#include <memory>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "oasis/train/comm.h"
#include "oasis/train/launch.h"
#include "oasis/train/rank_watch.h"

namespace oasis::train {

/// This process among those of a run: they meet in a TCP store, and all end when one does. A group
/// of one has neither store nor watch.
class RankGroup {
 public:
  /// Meets the others. A rank that dies later ends this process within about `timeout_seconds`,
  /// with a line that names the rank. Throws `oasis::Error` if the store cannot be reached.
  RankGroup(const Placement& placement, double timeout_seconds);
  /// Leaves; rank 0 waits for the others.
  ~RankGroup();
  RankGroup(const RankGroup&) = delete;
  RankGroup& operator=(const RankGroup&) = delete;

  /// Runs the work of this rank. What it throws is told to the other ranks, which end too, and
  /// comes out with the rank's number in the message.
  int run(const std::function<int()>& work);

  /// Runs `work` on rank 0, then on the others: what rank 0 leaves in files need not be made again.
  void rank_0_first(const std::function<void()>& work);

  /// The collective operations: NCCL for CUDA devices, the store for the CPU. All ranks call it.
  std::shared_ptr<Comm> collectives(c10::Device device);

 private:
  Placement placement_;
  c10::intrusive_ptr<c10d::Store> store_;
  std::unique_ptr<RankWatch> watch_;
  int turns_ = 0;
};

}  // namespace oasis::train
