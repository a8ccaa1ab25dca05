#include "oasis/train/rank_group.h"

#include <c10/util/Exception.h>
#include <c10/util/Logging.h>
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "oasis/core/error.h"
#include "oasis/core/log.h"
#ifdef OASIS_WITH_CUDA
#include "train/cuda/nccl_comm.h"
#endif

namespace oasis::train {
namespace {

// Ranks may wait for each other as long as all are alive, for example while rank 0 validates.
constexpr std::chrono::hours kPatience{24 * 7};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

c10::intrusive_ptr<c10d::Store> connect(const Placement& placement, bool as_server) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(placement.port);
  options.isServer = as_server;
  if (as_server && placement.listen_fd >= 0) options.masterListenFd = placement.listen_fd;
  options.numWorkers = static_cast<std::size_t>(placement.world);
  options.waitWorkers = false;
  options.timeout = std::chrono::seconds(300);
  options.useLibUV = false;
  try {
    const auto store = c10::make_intrusive<c10d::TCPStore>(placement.master, options);
    return c10::make_intrusive<c10d::PrefixStore>(placement.prefix, store);
  } catch (const std::exception& error) {
    throw Error(ExitCode::failed,
                fmt::format("rank {}: the store at {}:{} cannot be reached ({})", placement.rank,
                            placement.master, placement.port, first_line(error.what())));
  }
}

std::string holder_of_store(const Placement& placement) {
  return placement.store_is_up ? "the launcher on the first machine" : "rank 0";
}

// Ends the process from a thread of the watch, whatever the others are in the middle of.
[[noreturn]] void end_process(int rank, ExitCode code, const std::string& message) {
  log::error("rank {} ends: {}", rank, message);
  std::_Exit(static_cast<int>(code));
}

}  // namespace

RankGroup::RankGroup(const Placement& placement, double timeout_seconds) : placement_(placement) {
  if (placement.world == 1) return;
  FLAGS_caffe2_log_level = 2;  // c10d's pages about closed connections say less than one line here
  const bool holds_store = placement.rank == 0 && !placement.store_is_up;
  store_ = connect(placement, holds_store);
  store_->setTimeout(kPatience);
  RankWatchOptions options;
  options.timeout_seconds = timeout_seconds;
  options.holds_store = holds_store;
  options.store_holder = holder_of_store(placement);
  watch_ = std::make_unique<RankWatch>(
      connect(placement, false), placement.rank, placement.world, options,
      [rank = placement.rank](ExitCode code, const std::string& message) {
        end_process(rank, code, message);
      });
}

RankGroup::~RankGroup() = default;

int RankGroup::run(const std::function<int()>& work) {
  if (!watch_) return work();
  try {
    return work();
  } catch (const Error& error) {
    watch_->tell_failure(error.code(), error.what());
    throw Error(error.code(), fmt::format("rank {}: {}", placement_.rank, error.what()));
  } catch (const c10::DistNetworkError&) {
    throw Error(ExitCode::failed,
                fmt::format("rank {} ends: {} has ended, and the store that it holds is gone",
                            placement_.rank, holder_of_store(placement_)));
  } catch (const std::exception& error) {
    watch_->tell_failure(ExitCode::failed, first_line(error.what()));
    throw;
  }
}

void RankGroup::rank_0_first(const std::function<void()>& work) {
  const std::string key = fmt::format("turn/{}", turns_++);
  if (store_ && placement_.rank != 0) store_->wait({key});
  work();
  if (store_ && placement_.rank == 0) store_->set(key, std::string("done"));
}

std::shared_ptr<Comm> RankGroup::collectives(c10::Device device) {
  if (!store_) return single_process();
#ifdef OASIS_WITH_CUDA
  if (device.is_cuda()) return nccl_comm(store_, placement_.rank, placement_.world, device);
#endif
  if (!device.is_cpu()) {
    throw Error(ExitCode::usage, fmt::format("this build has no collectives for {}", device.str()));
  }
  return store_comm(store_, placement_.rank, placement_.world,
                    static_cast<int>(std::chrono::seconds(kPatience).count()));
}

}  // namespace oasis::train
