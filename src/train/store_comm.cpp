#include <ATen/Functions.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/train/comm.h"

namespace oasis::train {
namespace {

class StoreComm : public Comm {
 public:
  StoreComm(c10::intrusive_ptr<c10d::Store> store, int rank, int world, int timeout_seconds)
      : store_(std::move(store)), rank_(rank), world_(world) {
    store_->setTimeout(std::chrono::seconds(timeout_seconds));
  }

  int rank() const override { return rank_; }
  int world() const override { return world_; }

  void broadcast(at::Tensor& tensor, int root) override {
    const std::string call = next_call("broadcast");
    if (rank_ == root) {
      put(call, root, tensor);
    } else {
      tensor.copy_(take(call, root, tensor));
    }
    finish(call);
  }

  void all_reduce_sum(at::Tensor& tensor) override {
    const std::vector<at::Tensor> all = exchange("all_reduce", tensor);
    at::Tensor sum = all[0].clone();
    for (std::size_t other = 1; other < all.size(); ++other) sum.add_(all[other]);
    tensor.copy_(sum);
  }

  at::Tensor reduce_scatter_mean(const at::Tensor& full) override {
    const std::vector<at::Tensor> all = exchange("reduce_scatter", full);
    const std::int64_t size = full.size(0) / world_;
    at::Tensor sum = all[0].narrow(0, rank_ * size, size).clone();
    for (std::size_t other = 1; other < all.size(); ++other) {
      sum.add_(all[other].narrow(0, rank_ * size, size));
    }
    return sum.div_(world_);
  }

  at::Tensor all_gather(const at::Tensor& piece) override {
    return at::cat(exchange("all_gather", piece));
  }

  void barrier() override { exchange("barrier", at::zeros({1})); }

 private:
  std::string next_call(const char* operation) { return fmt::format("{}/{}", operation, calls_++); }

  std::vector<at::Tensor> exchange(const char* operation, const at::Tensor& mine) {
    const std::string call = next_call(operation);
    put(call, rank_, mine);
    std::vector<at::Tensor> all;
    for (int other = 0; other < world_; ++other) {
      all.push_back(other == rank_ ? mine : take(call, other, mine));
    }
    finish(call);
    return all;
  }

  void put(const std::string& call, int rank, const at::Tensor& tensor) {
    const at::Tensor dense = tensor.contiguous();
    const auto* first = static_cast<const std::uint8_t*>(dense.const_data_ptr());
    store_->set(fmt::format("{}/{}", call, rank),
                std::vector<std::uint8_t>(first, first + dense.nbytes()));
  }

  at::Tensor take(const std::string& call, int rank, const at::Tensor& like) {
    std::vector<std::uint8_t> bytes;
    try {
      bytes = store_->get(fmt::format("{}/{}", call, rank));
    } catch (const c10::DistNetworkError&) {
      throw;  // the store itself has gone
    } catch (const std::exception&) {
      throw Error(ExitCode::failed, fmt::format("rank {} waited for rank {} in vain ({}): it has "
                                                "ended or hangs",
                                                rank_, rank, call));
    }
    at::Tensor result = at::empty(like.sizes(), like.options());
    if (bytes.size() != result.nbytes()) {
      throw Error(ExitCode::failed, fmt::format("rank {} sent {} bytes instead of {} ({}): the "
                                                "ranks run different configurations",
                                                rank, bytes.size(), result.nbytes(), call));
    }
    std::memcpy(result.data_ptr(), bytes.data(), bytes.size());
    return result;
  }

  // The last rank to finish a call removes what it left in the store.
  void finish(const std::string& call) {
    if (store_->add(call + "/done", 1) != world_) return;
    for (int rank = 0; rank < world_; ++rank) store_->deleteKey(fmt::format("{}/{}", call, rank));
    store_->deleteKey(call + "/done");
  }

  c10::intrusive_ptr<c10d::Store> store_;
  int rank_;
  int world_;
  std::int64_t calls_ = 0;
};

}  // namespace

std::shared_ptr<Comm> store_comm(c10::intrusive_ptr<c10d::Store> store, int rank, int world,
                                 int timeout_seconds) {
  return std::make_shared<StoreComm>(std::move(store), rank, world, timeout_seconds);
}

}  // namespace oasis::train
