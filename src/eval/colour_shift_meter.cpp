#include "eval/colour_shift_meter.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <utility>

#include "oasis/eval/protocol.h"
#include "oasis/metrics/delta_e.h"

namespace oasis::eval {

void ColourShiftMeter::add(const FramePair& pair) {
  const at::Tensor difference = metrics::delta_e(pair.output, pair.reference);
  means_.push_back(difference.mean().item<double>());
  largest_ = std::max(largest_, difference.max().item<double>());
}

void ColourShiftMeter::finish(ClipResult& result) {
  if (means_.empty()) return;
  result.scores["delta_e_16"] = mean_score(means_, decimals_);
  result.scores["delta_e_16_max"] =
      round_score(*std::max_element(means_.begin(), means_.end()), decimals_);
  result.scores["delta_e_16_block"] = round_score(largest_, decimals_);
  result.per_frame["delta_e_16"] = std::move(means_);
}

}  // namespace oasis::eval
