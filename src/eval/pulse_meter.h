#pragma once

#include <memory>

#include "eval/luma_spool.h"
#include "eval/meter.h"
#include "oasis/eval/protocol.h"
#include "oasis/metrics/luma_pulse.h"

namespace oasis::eval {

/// Brightness pulses of the output where the reference (without one: the output) does not move, and
/// the spectra of both mean lumas there. Where nothing stands still the scores are left out, with a
/// note, and the spectra are those of whole frames.
class PulseMeter : public Meter {
 public:
  explicit PulseMeter(const Protocol& protocol);

  void add(const FramePair& pair) override;
  void finish(ClipResult& result) override;

 private:
  Protocol protocol_;
  metrics::StaticRegion region_;
  LumaSpool output_;
  std::unique_ptr<LumaSpool> reference_;
};

}  // namespace oasis::eval
