#include "model/frame_joins.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>

#include "model/move_rows.h"
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

}  // namespace

at::Tensor beside_the_frame_before(const at::Tensor& frames, std::int64_t batch, at::Tensor& memory,
                                   const at::Tensor& motion) {
  const std::int64_t channels = frames.size(1);
  const at::Tensor clips = frames.unflatten(0, {batch, frames.size(0) / batch});
  const std::int64_t earlier = clips.size(1) - 1;
  if (!memory.defined()) memory = at::zeros_like(clips.narrow(1, 0, 1));
  at::Tensor both;
  if (at::GradMode::is_enabled() || (motion.defined() && !can_move_rows(frames))) {
    at::Tensor before = at::cat({memory, clips.narrow(1, 0, earlier)}, 1).flatten(0, 1);
    if (motion.defined()) before = moved(before, motion);
    both = at::cat({frames, before}, 1).contiguous(at::MemoryFormat::ChannelsLast);
  } else {
    both = channels_last(frames, frames.size(0), 2 * channels);
    both.narrow(1, 0, channels).copy_(frames);
    const at::Tensor before =
        both.narrow(1, channels, channels).unflatten(0, {batch, clips.size(1)});
    if (motion.defined()) {
      const at::Tensor moves = motion.unflatten(0, {batch, clips.size(1)});
      for (std::int64_t clip = 0; clip < batch; ++clip) {
        move_rows(memory[clip], moves[clip].narrow(0, 0, 1), before[clip].narrow(0, 0, 1));
        move_rows(clips[clip].narrow(0, 0, earlier), moves[clip].narrow(0, 1, earlier),
                  before[clip].narrow(0, 1, earlier));
      }
    } else {
      before.narrow(1, 0, 1).copy_(memory);
      before.narrow(1, 1, earlier).copy_(clips.narrow(1, 0, earlier));
    }
  }
  memory = clips.narrow(1, earlier, 1);
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
