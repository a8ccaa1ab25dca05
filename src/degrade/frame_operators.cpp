#include "degrade/frame_operators.h"

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "oasis/degrade/blur.h"
#include "oasis/degrade/jpeg.h"

namespace oasis::degrade {
namespace {

// An operator with what it keeps from frame to frame.
using FrameOperator = std::function<cv::Mat(const cv::Mat& frame, std::size_t index)>;

FrameOperator make(const ClipContext&, const BlurPlan& plan, std::uint32_t) {
  auto state = std::make_shared<BlurState>();
  auto filter = std::make_shared<std::optional<BlurFilter>>();
  return [&plan, state, filter](const cv::Mat& frame, std::size_t index) {
    const BlurState& now = plan.frames[index];
    if (!filter->has_value() || now != *state) {
      *state = now;
      filter->emplace(blur_kernel({now.type, plan.kernel_size, now.sigma_x, now.sigma_y, now.theta,
                                   now.effective_beta(), now.omega}));
    }
    return (**filter)(frame);
  };
}

FrameOperator make(const ClipContext& context, const ResizePlan& plan, std::uint32_t) {
  auto first_size = std::make_shared<cv::Size>();
  return [&context, &plan, first_size](const cv::Mat& frame, std::size_t index) {
    const ResizeState& now = plan.frames[index];
    if (plan.to_target) return resize(frame, context.target, now.interpolation);
    if (index == 0) *first_size = frame.size();
    return resize(frame, scaled_size(*first_size, now.scale, plan.even), now.interpolation);
  };
}

FrameOperator make(const ClipContext& context, const NoisePlan& plan, std::uint32_t instance) {
  return [&context, &plan, instance](const cv::Mat& frame, std::size_t index) {
    const NoiseState& now = plan.frames[index];
    const NoiseStream stream{context.source, static_cast<std::uint32_t>(index), instance};
    if (now.type == NoiseType::gaussian) {
      const cv::Mat normal = normal_noise(frame.size(), now.gray ? 1 : frame.channels(), stream);
      return add_gaussian(frame, normal, now.sigma);
    }
    const PoissonConvention convention = context.options.poisson;
    const PoissonField field = poisson_field(frame, now.gray);
    const cv::Mat counts = poisson_counts(field, convention, stream);
    return add_poisson(frame, field, counts, now.poisson_scale, convention);
  };
}

FrameOperator make(const ClipContext& context, const JpegPlan& plan, std::uint32_t) {
  return [&context, &plan](const cv::Mat& frame, std::size_t index) {
    return to_float(jpeg_roundtrip(frame, plan.quality[index], context.options.jpeg_as_bgr).frame);
  };
}

FrameOperator make(const ClipContext&, const VideoPlan&, std::uint32_t) { return {}; }

}  // namespace

void run_frame_operators(const ClipContext& context, const Plan& plan, std::size_t first,
                         std::size_t last, Frames& frames) {
  std::vector<std::pair<std::size_t, FrameOperator>> operators;
  for (std::size_t place = first; place < last; ++place) {
    const std::size_t instance = plan.order[place];
    const OperatorPlan& drawn = plan.operators[instance];
    if (!drawn.applied) continue;
    operators.emplace_back(instance, std::visit(
                                         [&](const auto& kind) {
                                           return make(context, kind,
                                                       static_cast<std::uint32_t>(instance));
                                         },
                                         drawn.drawn));
  }
  if (operators.empty()) return;
  for (std::size_t index = 0; index < frames.size(); ++index) {
    frames[index] = to_float(frames[index]);
    for (const auto& [instance, apply] : operators) {
      frames[index] = timed(context, instance, [&] { return apply(frames[index], index); });
    }
  }
}

}  // namespace oasis::degrade
