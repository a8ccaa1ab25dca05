#pragma once

#include <string>

#include "oasis/flow/flow_estimator.h"

namespace oasis::flow {

/// Dense inverse search (Kroeger et al., ECCV 2016) by OpenCV, medium preset, on the 8-bit luma of
/// the frames: needs no weights and runs on the CPU, whatever the clip's device. Frames below 12
/// pixels a side throw `oasis::Error`. Built with `OASIS_WITH_MEDIA` only.
class DisFlow : public FlowEstimator {
 public:
  ClipFlows estimate(const at::Tensor& clip) override;
  std::string description() const override { return "DIS"; }
};

}  // namespace oasis::flow
