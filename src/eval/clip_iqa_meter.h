#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <vector>

#include "eval/meter.h"
#include "oasis/eval/protocol.h"
#include "oasis/metrics/clip_iqa.h"

namespace oasis::eval {

/// CLIP-IQA of the output's frames at their own size, one by one.
class ClipIqaMeter : public Meter {
 public:
  ClipIqaMeter(std::shared_ptr<const metrics::ClipIqa> network, c10::Device device, int decimals);

  void add(const FramePair& pair) override;
  void finish(ClipResult& result) override;

 private:
  std::shared_ptr<const metrics::ClipIqa> network_;
  c10::Device device_;
  int decimals_;
  std::vector<double> scores_;
};

}  // namespace oasis::eval
