#pragma once

#include <memory>
#include <vector>

#include "eval/meter.h"
#include "oasis/eval/dover.h"
#include "oasis/eval/protocol.h"

namespace oasis::eval {

/// DOVER of the output: its three scores and the raw outputs of its branches.
class DoverMeter : public Meter {
 public:
  /// `frames`: exactly how many there will be.
  DoverMeter(std::shared_ptr<const Dover> network, const Protocol& protocol, std::int64_t frames);

  void add(const FramePair& pair) override;
  void finish(ClipResult& result) override;

 private:
  std::shared_ptr<const Dover> network_;
  Protocol protocol_;
  std::int64_t frames_;
  std::vector<DoverViews> views_;  // a draw each
};

}  // namespace oasis::eval
