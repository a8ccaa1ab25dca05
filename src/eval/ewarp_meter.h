#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <memory>
#include <string>
#include <vector>

#include "eval/meter.h"
#include "oasis/eval/protocol.h"
#include "oasis/flow/flow_estimator.h"
#include "oasis/metrics/ewarp.h"

namespace oasis::eval {

/// E*_warp = 1000 E_warp of the output; also E_warp itself, as `<key>_e`. The flow is the output's
/// own, in mode `lai` the reference's. A clip of one frame has none: it gets a note.
class EwarpMeter : public Meter {
 public:
  EwarpMeter(std::string key, metrics::EwarpMode mode,
             std::shared_ptr<flow::FlowEstimator> estimator, c10::Device device,
             const Protocol& protocol);

  void add(const FramePair& pair) override;
  void finish(ClipResult& result) override;

 private:
  void measure();

  std::string key_;
  metrics::EwarpMode mode_;
  std::shared_ptr<flow::FlowEstimator> estimator_;
  c10::Device device_;
  bool dis_;
  int decimals_;
  std::vector<at::Tensor> outputs_;  // the last frames, the first of them already measured
  std::vector<at::Tensor> guides_;   // what the flow is taken from
  std::vector<double> scores_;
};

}  // namespace oasis::eval
