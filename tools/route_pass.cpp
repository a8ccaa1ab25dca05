#include "route_pass.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/log.h"
#include "oasis/core/progress.h"
#include "oasis/routing/stability.h"

namespace oasis::tools {
namespace {

/// Hands out videos in a fixed order, never more than may still be needed, so that the ones used
/// are the first readable ones of that order whatever the number of workers.
class Candidates {
 public:
  Candidates(const std::vector<RouteVideo>& videos, const PassSettings& settings)
      : videos_(videos),
        wanted_(std::min<std::int64_t>(settings.count, static_cast<std::int64_t>(videos.size()))),
        order_(routing::random_order(static_cast<std::int64_t>(videos.size()), settings.seed)),
        progress_("routing", "videos", wanted_) {}

  /// The next video; none when there are enough, none are left or a worker has failed.
  const RouteVideo* take() {
    std::unique_lock lock(mutex_);
    change_.wait(lock,
                 [&] { return failure_ || used() + running_ < wanted_ || used() == wanted_; });
    if (failure_ || used() == wanted_ || next_ == order_.size()) return nullptr;
    ++running_;
    return &videos_[static_cast<std::size_t>(order_[next_++])];
  }

  void finish(const RouteVideo& video, bool from_store) {
    const std::lock_guard lock(mutex_);
    result_.used.push_back(video);
    result_.from_store += from_store ? 1 : 0;
    --running_;
    progress_.update(used());
    change_.notify_all();
  }

  void skip(const RouteVideo& video, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    log::warn("skipped: {}", reason);
    result_.skipped.push_back({video.name, reason});
    --running_;
    change_.notify_all();
  }

  void fail(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    change_.notify_all();
  }

  RoutePass result() {
    if (failure_) std::rethrow_exception(failure_);
    progress_.finish();
    const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
    std::sort(result_.used.begin(), result_.used.end(), by_name);
    std::sort(result_.skipped.begin(), result_.skipped.end(), by_name);
    return std::move(result_);
  }

 private:
  std::int64_t used() const { return static_cast<std::int64_t>(result_.used.size()); }

  const std::vector<RouteVideo>& videos_;
  std::int64_t wanted_;
  std::vector<std::int64_t> order_;
  std::size_t next_ = 0;
  std::int64_t running_ = 0;
  RoutePass result_;
  std::exception_ptr failure_;
  Progress progress_;
  std::mutex mutex_;
  std::condition_variable change_;
};

/// The clip of a video, or nothing and the reason why not.
std::optional<RouteClip> try_read(const RouteVideo& video, const PassSettings& settings,
                                  std::string& reason) {
  try {
    return read_clip(video.path, video.name, settings.clip, settings.threads);
  } catch (const Error& error) {
    reason = error.what();
    return std::nullopt;
  }
}

void work(Candidates& candidates, const PassSettings& settings, c10::Device device,
          const ModelLoader& load, const routing::StatisticsStore& store) {
  std::unique_ptr<routing::RoutingModel> model;
  while (const RouteVideo* video = candidates.take()) {
    throw_if_interrupted();
    if (store.find(video->name, video->bytes)) {
      candidates.finish(*video, true);
      continue;
    }
    std::string reason;
    const auto clip = try_read(*video, settings, reason);
    if (!clip) {
      candidates.skip(*video, reason);
      continue;
    }
    if (!model) model = load(device);
    const auto& lq = clip->lq;
    const TokenGrid grid{1 + (lq.size(2) - 1) / 4, lq.size(3) / 4, lq.size(4) / 4};
    store.save({video->name, video->bytes, clip->first_frame, grid, model->score(lq)});
    log::debug("{}: {} x {} x {} tokens from frame {}", video->name, grid.frames, grid.rows,
               grid.cols, clip->first_frame);
    candidates.finish(*video, false);
  }
}

}  // namespace

RoutePass run_pass(const std::vector<RouteVideo>& videos, const PassSettings& settings,
                   const std::vector<c10::Device>& devices, const ModelLoader& load,
                   const routing::StatisticsStore& store) {
  Candidates candidates(videos, settings);
  const auto guarded = [&](c10::Device device) {
    try {
      work(candidates, settings, device, load, store);
    } catch (...) {
      candidates.fail(std::current_exception());
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < devices.size(); ++i) threads.emplace_back(guarded, devices[i]);
  guarded(devices.front());
  for (auto& thread : threads) thread.join();
  return candidates.result();
}

}  // namespace oasis::tools
