#include "eval/ewarp_meter.h"

#include <ATen/Functions.h>

#include <utility>

namespace oasis::eval {
namespace {

// Pairs measured together: RAFT encodes the frame between two pairs only once.
constexpr std::size_t kPairs = 4;

}  // namespace

EwarpMeter::EwarpMeter(std::string key, metrics::EwarpMode mode,
                       std::shared_ptr<flow::FlowEstimator> estimator, c10::Device device,
                       const Protocol& protocol)
    : key_(std::move(key)),
      mode_(mode),
      estimator_(std::move(estimator)),
      device_(device),
      dis_(protocol.ewarp_dis),
      decimals_(protocol.decimals) {}

void EwarpMeter::add(const FramePair& pair) {
  outputs_.push_back(pair.output);
  if (mode_ == metrics::EwarpMode::lai) guides_.push_back(pair.reference);
  if (outputs_.size() > kPairs) measure();
}

void EwarpMeter::measure() {
  if (outputs_.size() < 2) return;
  const at::Tensor frames = at::stack(outputs_).to(device_);
  const at::Tensor guide = guides_.empty() ? frames : at::stack(guides_).to(device_);
  const at::Tensor pictures = metrics::ewarp_pictures(guide, mode_);
  // DIS works on 8-bit pictures: it always gets the whole range.
  const at::Tensor seen = dis_ ? pictures * 2.0 - 1.0 : metrics::ewarp_flow_input(pictures, mode_);
  const flow::ClipFlows flows = estimator_->estimate(seen);
  const auto error = metrics::ewarp(frames, flows.forward, flows.backward, mode_);
  const at::Tensor values = (error.per_pair * 1000.0).to(at::kCPU).contiguous();
  const double* data = values.const_data_ptr<double>();
  scores_.insert(scores_.end(), data, data + values.numel());
  outputs_.erase(outputs_.begin(), outputs_.end() - 1);
  if (!guides_.empty()) guides_.erase(guides_.begin(), guides_.end() - 1);
}

void EwarpMeter::finish(ClipResult& result) {
  measure();
  if (scores_.empty()) {
    result.notes.push_back("no E_warp: it takes two frames");
    return;
  }
  result.scores[key_] = mean_score(scores_, decimals_);
  result.scores[key_ + "_e"] = mean_score(scores_, -1) / 1000.0;
  result.per_frame[key_] = std::move(scores_);
}

}  // namespace oasis::eval
