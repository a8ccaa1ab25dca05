#include <fmt/format.h>

#include <exception>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "oasis/core/error.h"
#include "oasis/train/launch.h"
#ifdef OASIS_WITH_CUDA
#include "train/cuda/nccl_comm.h"
#endif

namespace oasis::train {
namespace {

c10::intrusive_ptr<c10d::Store> open_store(const Placement& placement) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(placement.port);
  options.isServer = placement.rank == 0 && !placement.store_is_up;
  options.numWorkers = static_cast<std::size_t>(placement.world);
  options.waitWorkers = false;
  options.timeout = std::chrono::seconds(300);
  options.useLibUV = false;
  try {
    const auto store = c10::make_intrusive<c10d::TCPStore>(placement.master, options);
    return c10::make_intrusive<c10d::PrefixStore>(placement.prefix, store);
  } catch (const std::exception& error) {
    const std::string message = error.what();
    throw Error(ExitCode::failed, fmt::format("rank {}: the store at {}:{} cannot be reached ({})",
                                              placement.rank, placement.master, placement.port,
                                              message.substr(0, message.find('\n'))));
  }
}

}  // namespace

std::shared_ptr<Comm> join(const Placement& placement, c10::Device device) {
  if (placement.world == 1) return single_process();
  auto store = open_store(placement);
#ifdef OASIS_WITH_CUDA
  if (device.is_cuda()) return nccl_comm(store, placement.rank, placement.world, device);
#endif
  if (!device.is_cpu()) {
    throw Error(ExitCode::usage, fmt::format("this build has no collectives for {}", device.str()));
  }
  return store_comm(store, placement.rank, placement.world);
}

}  // namespace oasis::train
