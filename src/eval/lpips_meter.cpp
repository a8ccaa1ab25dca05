#include "eval/lpips_meter.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <utility>

#include "eval/frame_tensor.h"
#include "oasis/core/error.h"

namespace oasis::eval {
namespace {

// Frames at a time: enough for a GPU, and little memory for the wide first layers of VGG.
constexpr std::size_t kFramesOnGpu = 4;

void append(std::vector<double>& scores, const at::Tensor& values) {
  const at::Tensor plain = values.to(at::kCPU, at::kDouble).contiguous();
  const double* data = plain.const_data_ptr<double>();
  scores.insert(scores.end(), data, data + plain.numel());
}

}  // namespace

LpipsMeter::LpipsMeter(std::string key, std::shared_ptr<const losses::Lpips> network,
                       c10::Device device, const Protocol& protocol)
    : key_(std::move(key)), network_(std::move(network)), device_(device), protocol_(protocol) {}

void LpipsMeter::add(const FramePair& pair) {
  waiting_.push_back(pair);
  if (waiting_.size() >= (device_.is_cpu() ? 1 : kFramesOnGpu)) flush();
}

void LpipsMeter::flush() {
  if (waiting_.empty()) return;
  const auto batch = [&](const auto& pick) {
    std::vector<at::Tensor> frames;
    for (const auto& pair : waiting_) {
      const at::Tensor& frame = pick(pair);
      const std::int64_t border = protocol_.border;
      const std::int64_t height = frame.size(1) - 2 * border;
      const std::int64_t width = frame.size(2) - 2 * border;
      if (height < 1 || width < 1) {
        throw Error(fmt::format("a border of {} pixels cannot be cut from {}x{}", border,
                                frame.size(2), frame.size(1)));
      }
      frames.push_back(frame.narrow(1, border, height).narrow(2, border, width));
    }
    return unit_range(at::stack(frames).to(device_)) * 2.0 - 1.0;
  };
  const at::Tensor output = batch([](const FramePair& p) -> const at::Tensor& { return p.output; });
  const at::Tensor reference =
      batch([](const FramePair& p) -> const at::Tensor& { return p.reference; });
  append(scores_, network_->forward(output, reference));
  waiting_.clear();
}

void LpipsMeter::finish(ClipResult& result) {
  flush();
  result.scores[key_] = mean_score(scores_, protocol_.decimals);
  result.per_frame[key_] = std::move(scores_);
}

}  // namespace oasis::eval
