#include "model/frame_joins.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "model/gather_rows.h"
#include "model/move_rows.h"
#include "oasis/core/error.h"
#include "oasis/flow/warp.h"

namespace oasis::model {
namespace {

at::Tensor channels_last(const at::Tensor& like, std::int64_t frames, std::int64_t channels) {
  return at::empty({frames, channels, like.size(2), like.size(3)},
                   like.options().memory_format(at::MemoryFormat::ChannelsLast));
}

at::Tensor moved(const at::Tensor& frames, const at::Tensor& motion) {
  const auto wide = frames.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return flow::warp(frames.to(wide), motion, flow::WarpPadding::border).to(frames.scalar_type());
}

/// Frames `[B, T, C, H, W]` beside those before them, in one pass and without gradients.
at::Tensor joined(const at::Tensor& clips, const at::Tensor& memory, const at::Tensor& motion) {
  const std::int64_t channels = clips.size(2), earlier = clips.size(1) - 1;
  const at::Tensor both = channels_last(clips[0], clips.size(0) * clips.size(1), 2 * channels);
  const at::Tensor halves = both.unflatten(0, {clips.size(0), clips.size(1)});
  halves.narrow(2, 0, channels).copy_(clips);
  const at::Tensor before = halves.narrow(2, channels, channels);
  if (!motion.defined()) {
    before.narrow(1, 0, 1).copy_(memory);
    before.narrow(1, 1, earlier).copy_(clips.narrow(1, 0, earlier));
    return both;
  }
  const at::Tensor moves = motion.unflatten(0, {clips.size(0), clips.size(1)});
  for (std::int64_t clip = 0; clip < clips.size(0); ++clip) {
    move_rows(memory[clip], moves[clip].narrow(0, 0, 1), before[clip].narrow(0, 0, 1));
    move_rows(clips[clip].narrow(0, 0, earlier), moves[clip].narrow(0, 1, earlier),
              before[clip].narrow(0, 1, earlier));
  }
  return both;
}

/// `joined` behind nothing, with gradients: in training there is one part of a clip.
class JoinFunction : public torch::autograd::Function<JoinFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& clips,
                            const std::optional<at::Tensor>& motion) {
    const at::Tensor moves = motion.value_or(at::Tensor());
    context->saved_data["batch"] = clips.size(0);
    context->save_for_backward({moves});
    return joined(clips, at::zeros_like(clips.narrow(1, 0, 1)), moves);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    if (at::GradMode::is_enabled()) {
      throw Error(
          "frames beside others have no second derivative: call backward without "
          "create_graph");
    }
    const std::int64_t batch = context->saved_data["batch"].toInt();
    const at::Tensor gradient =
        gather_rows(grads[0], batch, context->get_saved_variables().front());
    return {gradient.unflatten(0, {batch, gradient.size(0) / batch}), at::Tensor()};
  }
};

/// The same by torch's operators, for all devices and data types.
at::Tensor joined_by_parts(const at::Tensor& clips, const at::Tensor& memory,
                           const at::Tensor& motion) {
  at::Tensor before = at::cat({memory, clips.narrow(1, 0, clips.size(1) - 1)}, 1).flatten(0, 1);
  if (motion.defined()) before = moved(before, motion);
  return at::cat({clips.flatten(0, 1), before}, 1).contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace

at::Tensor beside_the_frame_before(const at::Tensor& frames, std::int64_t batch, at::Tensor& memory,
                                   const at::Tensor& motion) {
  const at::Tensor clips = frames.unflatten(0, {batch, frames.size(0) / batch});
  const bool first = !memory.defined();
  if (first) memory = at::zeros_like(clips.narrow(1, 0, 1));
  at::Tensor both;
  if (at::GradMode::is_enabled()) {
    const auto given = motion.defined() ? std::optional<at::Tensor>(motion) : std::nullopt;
    both = first && can_move_rows(frames) ? JoinFunction::apply(clips, given)
                                          : joined_by_parts(clips, memory, motion);
  } else {
    both = motion.defined() && !can_move_rows(frames) ? joined_by_parts(clips, memory, motion)
                                                      : joined(clips, memory, motion);
  }
  memory = clips.narrow(1, clips.size(1) - 1, 1);
  return both;
}

at::Tensor one_behind_another(const at::Tensor& frames, std::int64_t times) {
  if (times == 1) return frames;
  const at::Tensor apart = frames.unflatten(1, {times, frames.size(1) / times});
  if (at::GradMode::is_enabled()) return apart.flatten(0, 1);
  const at::Tensor joined = channels_last(frames, frames.size(0) * times, apart.size(2));
  joined.unflatten(0, {frames.size(0), times}).copy_(apart);
  return joined;
}

}  // namespace oasis::model
