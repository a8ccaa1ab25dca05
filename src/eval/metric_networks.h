#pragma once

#include <c10/core/Device.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "oasis/eval/dover.h"
#include "oasis/eval/protocol.h"
#include "oasis/eval/results.h"
#include "oasis/eval/weights.h"
#include "oasis/flow/flow_estimator.h"
#include "oasis/losses/lpips.h"
#include "oasis/metrics/clip_iqa.h"

namespace oasis::eval {

/// The networks of the metrics that can be computed, loaded once for all clips.
class MetricNetworks {
 public:
  /// Looks for the files of `metrics` and loads them. Metrics whose files are not there, or are
  /// other files, are in `missing`, and not in `ready`.
  MetricNetworks(const std::vector<std::string>& metrics, const Protocol& protocol,
                 WeightFolder& weights, c10::Device device);

  std::vector<std::string> ready;      ///< metrics, in the given order
  std::vector<MissingMetric> missing;  ///< and why
  bool wrong_file = false;             ///< a file was there and is not what it should be

  std::shared_ptr<losses::Lpips> lpips(const std::string& metric) const;
  std::shared_ptr<metrics::ClipIqa> clip_iqa;
  std::shared_ptr<Dover> dover;
  std::shared_ptr<flow::FlowEstimator> flow;

 private:
  void load(const std::string& metric, const std::vector<std::filesystem::path>& files,
            const Protocol& protocol, c10::Device device);

  std::map<std::string, std::shared_ptr<losses::Lpips>> lpips_;
};

}  // namespace oasis::eval
