#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <memory>

namespace oasis::train {

/// The collective operations that training needs among `world()` processes. Every process makes the
/// same calls in the same order. Tensors are dense and float32 or float64.
class Comm {
 public:
  virtual ~Comm() = default;

  virtual int rank() const = 0;
  virtual int world() const = 0;

  /// Overwrites `tensor` with that of rank `root`.
  virtual void broadcast(at::Tensor& tensor, int root) = 0;
  /// The sum over all ranks, in place; added in the order of ranks, hence the same bits everywhere.
  virtual void all_reduce_sum(at::Tensor& tensor) = 0;
  /// As `all_reduce_sum`, but may still be under way when it returns: `tensor` belongs to the call
  /// until `finish_sums`.
  virtual void start_sum(at::Tensor& tensor) { all_reduce_sum(tensor); }
  /// What follows on the current stream sees the sums that were started.
  virtual void finish_sums() {}
  /// full `[world * n]` of each rank -> the mean over ranks of this rank's piece `[n]`.
  virtual at::Tensor reduce_scatter_mean(const at::Tensor& full) = 0;
  /// pieces `[n]` -> `[world * n]`, by rank.
  virtual at::Tensor all_gather(const at::Tensor& piece) = 0;
  /// Returns when all ranks have called it.
  virtual void barrier() = 0;
};

/// One process: every operation is the identity.
std::shared_ptr<Comm> single_process();

/// CPU tensors through a c10d store (TCPStore between processes, HashStore between threads). Slow:
/// for tests and small models. A rank that is missing for `timeout_seconds` ends the others with
/// `oasis::Error`, which names the operation.
std::shared_ptr<Comm> store_comm(c10::intrusive_ptr<c10d::Store> store, int rank, int world,
                                 int timeout_seconds = 60);

}  // namespace oasis::train
