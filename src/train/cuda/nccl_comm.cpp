#include "train/cuda/nccl_comm.h"

#include <ATen/Functions.h>
#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <fmt/format.h>
#include <nccl.h>

#include <cstring>
#include <exception>
#include <vector>

#include "oasis/core/error.h"

namespace oasis::train {
namespace {

void check(ncclResult_t result, const char* operation, int rank) {
  if (result == ncclSuccess) return;
  throw Error(ExitCode::failed,
              fmt::format("rank {}: {} failed: {}", rank, operation, ncclGetErrorString(result)));
}

ncclDataType_t type_of(const at::Tensor& tensor) {
  if (tensor.scalar_type() == at::kFloat) return ncclFloat32;
  if (tensor.scalar_type() == at::kDouble) return ncclFloat64;
  throw Error(ExitCode::failed, "collectives take float32 and float64 tensors only");
}

// What must lie in one piece for NCCL.
void require_dense(const at::Tensor& tensor) {
  if (!tensor.is_contiguous()) throw Error(ExitCode::failed, "a collective's tensor is not dense");
}

class NcclComm : public Comm {
 public:
  NcclComm(const c10::intrusive_ptr<c10d::Store>& store, int rank, int world, c10::Device device)
      : rank_(rank),
        world_(world),
        device_(device),
        sums_(c10::cuda::getStreamFromPool(/*isHighPriority=*/true, device.index())) {
    const c10::cuda::CUDAGuard guard(device_);
    ncclUniqueId id;
    if (rank == 0) {
      check(ncclGetUniqueId(&id), "ncclGetUniqueId", rank);
      const auto* first = reinterpret_cast<const std::uint8_t*>(&id);
      store->set("nccl/id", std::vector<std::uint8_t>(first, first + sizeof(id)));
    } else {
      const std::vector<std::uint8_t> bytes = store->get("nccl/id");
      if (bytes.size() != sizeof(id)) {
        throw Error(ExitCode::failed, fmt::format("rank {}: a broken NCCL identifier", rank));
      }
      std::memcpy(&id, bytes.data(), sizeof(id));
    }
    check(ncclCommInitRank(&comm_, world, id, rank), "ncclCommInitRank", rank);
  }
  // A rank that leaves because of an error does not wait for operations that it has not joined.
  ~NcclComm() override {
    if (std::uncaught_exceptions() > 0) {
      ncclCommAbort(comm_);
    } else {
      ncclCommDestroy(comm_);
    }
  }
  NcclComm(const NcclComm&) = delete;
  NcclComm& operator=(const NcclComm&) = delete;

  int rank() const override { return rank_; }
  int world() const override { return world_; }

  void broadcast(at::Tensor& tensor, int root) override {
    require_dense(tensor);
    check(ncclBroadcast(tensor.data_ptr(), tensor.data_ptr(), count(tensor), type_of(tensor), root,
                        comm_, stream()),
          "broadcast", rank_);
  }

  void all_reduce_sum(at::Tensor& tensor) override {
    require_dense(tensor);
    check(ncclAllReduce(tensor.data_ptr(), tensor.data_ptr(), count(tensor), type_of(tensor),
                        ncclSum, comm_, stream()),
          "all-reduce", rank_);
  }

  void start_sum(at::Tensor& tensor) override {
    require_dense(tensor);
    at::cuda::CUDAEvent ready;
    ready.record(c10::cuda::getCurrentCUDAStream(device_.index()));
    ready.block(sums_);
    check(ncclAllReduce(tensor.data_ptr(), tensor.data_ptr(), count(tensor), type_of(tensor),
                        ncclSum, comm_, sums_.stream()),
          "all-reduce", rank_);
  }

  void finish_sums() override {
    at::cuda::CUDAEvent done;
    done.record(sums_);
    done.block(c10::cuda::getCurrentCUDAStream(device_.index()));
  }

  at::Tensor reduce_scatter_mean(const at::Tensor& full) override {
    require_dense(full);
    at::Tensor piece = at::empty({full.size(0) / world_}, full.options());
    check(ncclReduceScatter(full.data_ptr(), piece.data_ptr(), count(piece), type_of(full), ncclAvg,
                            comm_, stream()),
          "reduce-scatter", rank_);
    return piece;
  }

  at::Tensor all_gather(const at::Tensor& piece) override {
    require_dense(piece);
    at::Tensor full = at::empty({piece.size(0) * world_}, piece.options());
    check(ncclAllGather(piece.data_ptr(), full.data_ptr(), count(piece), type_of(piece), comm_,
                        stream()),
          "all-gather", rank_);
    return full;
  }

  void barrier() override {
    at::Tensor token = at::zeros({1}, at::TensorOptions().device(device_).dtype(at::kFloat));
    all_reduce_sum(token);
    c10::cuda::getCurrentCUDAStream(device_.index()).synchronize();
  }

 private:
  static std::size_t count(const at::Tensor& tensor) {
    return static_cast<std::size_t>(tensor.numel());
  }
  cudaStream_t stream() const { return c10::cuda::getCurrentCUDAStream(device_.index()).stream(); }

  int rank_;
  int world_;
  c10::Device device_;
  c10::cuda::CUDAStream sums_;  ///< of sums beside the backward pass
  ncclComm_t comm_ = nullptr;
};

}  // namespace

std::shared_ptr<Comm> nccl_comm(const c10::intrusive_ptr<c10d::Store>& store, int rank, int world,
                                c10::Device device) {
  return std::make_shared<NcclComm>(store, rank, world, device);
}

}  // namespace oasis::train
