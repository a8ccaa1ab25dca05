#include "eval/clip_iqa_meter.h"

#include <ATen/Functions.h>

#include <utility>

#include "eval/frame_tensor.h"

namespace oasis::eval {

ClipIqaMeter::ClipIqaMeter(std::shared_ptr<const metrics::ClipIqa> network, c10::Device device,
                           int decimals)
    : network_(std::move(network)), device_(device), decimals_(decimals) {}

void ClipIqaMeter::add(const FramePair& pair) {
  const at::Tensor picture = unit_range(pair.output.unsqueeze(0).to(device_));
  scores_.push_back(network_->forward(picture).score.item<double>());
}

void ClipIqaMeter::finish(ClipResult& result) {
  result.scores["clipiqa"] = mean_score(scores_, decimals_);
  result.per_frame["clipiqa"] = std::move(scores_);
}

}  // namespace oasis::eval
