#include <torch/types.h>

#include <algorithm>

#include "model/vae_layers.h"

namespace oasis::model {

at::Tensor& CausalStream::next_slot() {
  if (cursor == slots.size()) slots.emplace_back();
  return slots[cursor++];
}

at::Tensor to_frames(const at::Tensor& x) {
  return x.permute({0, 2, 1, 3, 4})
      .reshape({x.size(0) * x.size(2), x.size(1), x.size(3), x.size(4)});
}

at::Tensor from_frames(const at::Tensor& frames, std::int64_t batch) {
  return frames
      .reshape({batch, frames.size(0) / batch, frames.size(1), frames.size(2), frames.size(3)})
      .permute({0, 2, 1, 3, 4});
}

at::Tensor kept_frames(const at::Tensor& x, std::int64_t count) {
  const std::int64_t some = std::min(count, x.size(2));
  const at::Tensor last = x.narrow(2, x.size(2) - some, some);
  return last.requires_grad() ? last : last.clone(at::MemoryFormat::ChannelsLast3d);
}

at::Tensor frames_behind(const at::Tensor& slot, std::int64_t before, const at::Tensor& x) {
  const std::int64_t known = slot.defined() ? slot.size(2) : 0;
  std::vector<at::Tensor> parts;
  if (known < before) {
    parts.push_back(
        at::zeros({x.size(0), x.size(1), before - known, x.size(3), x.size(4)}, x.options()));
  }
  if (known > 0) parts.push_back(slot);
  parts.push_back(x);
  return at::cat(parts, 2).contiguous(at::MemoryFormat::ChannelsLast3d);
}

at::Tensor pointwise(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor rows = x.movedim(1, -1);
  return at::linear(rows, weight.view({weight.size(0), weight.size(1)}), bias).movedim(-1, 1);
}

CausalConv3d::CausalConv3d(nn::ParameterStore& store, const std::string& name, std::int64_t in,
                           std::int64_t out, std::int64_t kernel_t, std::int64_t kernel_s)
    : kernel_t_(kernel_t),
      kernel_s_(kernel_s),
      weight_(store.add(name + ".weight", {out, in, kernel_t, kernel_s, kernel_s})),
      bias_(store.add(name + ".bias", {out})) {}

at::Tensor CausalConv3d::forward(const at::Tensor& x, CausalStream& stream,
                                 const NormSilu* norm) const {
  at::Tensor& slot = stream.next_slot();
  if (!slot.defined() && x.size(2) == 1) {
    const at::Tensor frame = norm != nullptr ? norm->forward(x) : x;
    slot = kept_frames(frame, 1);
    return last_tap(frame);
  }
  const std::int64_t before = kernel_t_ - 1, side = kernel_s_ / 2;
  const at::Tensor padded =
      norm != nullptr ? norm->forward_behind(slot, before, x) : frames_behind(slot, before, x);
  slot = kept_frames(padded, before);
  return at::conv3d(padded, weight_, bias_, at::IntArrayRef({1, 1, 1}),
                    at::IntArrayRef({0, side, side}));
}

at::Tensor CausalConv3d::last_tap(const at::Tensor& frame) const {
  const std::int64_t side = kernel_s_ / 2;
  const at::Tensor out = at::conv2d(to_frames(frame), weight_.select(2, kernel_t_ - 1), bias_,
                                    at::IntArrayRef({1, 1}), at::IntArrayRef({side, side}));
  return from_frames(out, frame.size(0));
}

}  // namespace oasis::model
