#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <string>
#include <vector>

#include "eval/meter.h"
#include "oasis/eval/protocol.h"
#include "oasis/losses/lpips.h"

namespace oasis::eval {

/// LPIPS, several frames at a time.
class LpipsMeter : public Meter {
 public:
  LpipsMeter(std::string key, std::shared_ptr<const losses::Lpips> network, c10::Device device,
             const Protocol& protocol);

  void add(const FramePair& pair) override;
  void finish(ClipResult& result) override;

 private:
  void flush();

  std::string key_;
  std::shared_ptr<const losses::Lpips> network_;
  c10::Device device_;
  Protocol protocol_;
  std::vector<FramePair> waiting_;
  std::vector<double> scores_;
};

}  // namespace oasis::eval
