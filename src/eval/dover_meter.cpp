#include "eval/dover_meter.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <utility>

#include "oasis/metrics/dover_fusion.h"

namespace oasis::eval {
namespace {

// DOVER takes 8-bit frames; deeper ones are rounded.
at::Tensor bytes_of(const at::Tensor& frame) {
  if (frame.scalar_type() == at::kByte) return frame;
  return (frame * 255.0).round().to(at::kByte);
}

}  // namespace

DoverMeter::DoverMeter(std::shared_ptr<const Dover> network, const Protocol& protocol,
                       std::int64_t frames)
    : network_(std::move(network)), protocol_(protocol), frames_(frames) {}

void DoverMeter::add(const FramePair& pair) {
  if (views_.empty()) {
    const std::int64_t height = pair.output.size(1);
    const std::int64_t width = pair.output.size(2);
    auto plans =
        protocol_.dover_centre
            ? std::vector<DoverPlan>{centre_plan(frames_, height, width)}
            : drawn_plans(frames_, height, width, protocol_.dover_seed, protocol_.dover_repeats);
    for (auto& plan : plans) views_.emplace_back(std::move(plan), protocol_.dover_antialias);
  }
  const at::Tensor frame = bytes_of(pair.output);
  for (auto& views : views_) views.add(pair.index, frame);
}

void DoverMeter::finish(ClipResult& result) {
  if (views_.empty()) return;
  DoverRaw mean;
  for (const auto& views : views_) {
    const auto raw = network_->score(views);
    mean.technical += raw.technical / static_cast<double>(views_.size());
    mean.aesthetic += raw.aesthetic / static_cast<double>(views_.size());
  }
  const auto scores = metrics::fuse_dover(mean.technical, mean.aesthetic);
  const int decimals = protocol_.decimals;
  result.scores["dover"] = round_score(scores.overall, decimals);
  result.scores["dover_technical"] = round_score(scores.technical, decimals);
  result.scores["dover_aesthetic"] = round_score(scores.aesthetic, decimals);
  result.scores["dover_raw_technical"] = round_score(mean.technical, decimals);
  result.scores["dover_raw_aesthetic"] = round_score(mean.aesthetic, decimals);
}

}  // namespace oasis::eval
