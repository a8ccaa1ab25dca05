#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "oasis/routing/routing_model.h"
#include "oasis/routing/statistics_store.h"
#include "route_clip.h"
#include "route_videos.h"

namespace oasis::tools {

struct SkippedVideo {
  std::string name;
  std::string reason;
};

/// What a pass over the videos has found.
struct RoutePass {
  std::vector<RouteVideo> used;       ///< sorted by name; their statistics are in the store
  std::vector<SkippedVideo> skipped;  ///< sorted by name
  std::int64_t from_store = 0;        ///< used videos whose statistics were there before
};

struct PassSettings {
  std::int64_t count = 50;  ///< videos to find
  std::uint64_t seed = 0;   ///< of the order in which they are tried
  ClipSettings clip;
  int threads = 0;
};

/// Loads the model on one device.
using ModelLoader = std::function<std::unique_ptr<routing::RoutingModel>(c10::Device device)>;

/// Takes the videos in random order until `count` of them have statistics; those that cannot be
/// read are skipped and named. One thread per device; which videos are used depends on neither
/// their number nor their speed. Throws what the model throws, and on a signal.
RoutePass run_pass(const std::vector<RouteVideo>& videos, const PassSettings& settings,
                   const std::vector<c10::Device>& devices, const ModelLoader& load,
                   const routing::StatisticsStore& store);

}  // namespace oasis::tools
