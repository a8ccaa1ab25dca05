#include <torch/types.h>

#include "model/upsampled_conv.h"
#include "model/vae_layers.h"

namespace oasis::model {
namespace {

/// `[B, 2C, T, H, W]` -> `[B, C, 2T, H, W]`: frame 2i + j is half j of the channels at i. The
/// result is channels_last_3d; one copy of rows of C values.
at::Tensor interleaved_time(const at::Tensor& both) {
  return both.movedim(1, -1)
      .unflatten(-1, {2, both.size(1) / 2})
      .permute({0, 1, 4, 2, 3, 5})
      .flatten(1, 2)
      .movedim(-1, 1);
}

}  // namespace

Upsample::Upsample(nn::ParameterStore& store, const std::string& name, std::int64_t channels,
                   bool time)
    : weight_(store.add(name + ".resample.1.weight", {channels / 2, channels, 3, 3})),
      bias_(store.add(name + ".resample.1.bias", {channels / 2})) {
  if (time) time_conv_.emplace_back(store, name + ".time_conv", channels, 2 * channels, 3, 1);
}

at::Tensor Upsample::double_time(const at::Tensor& x, CausalStream& stream) const {
  if (!stream.at_start) return interleaved_time(time_conv_[0].forward(x, stream));
  // Frame 0 passes by, unseen by the convolution: its context begins with zeros behind it.
  if (x.size(2) == 1) {
    stream.next_slot() = at::Tensor();
    return x;
  }
  const at::Tensor tail = x.narrow(2, 1, x.size(2) - 1);
  return at::cat({x.narrow(2, 0, 1), interleaved_time(time_conv_[0].forward(tail, stream))}, 2);
}

at::Tensor Upsample::forward(const at::Tensor& x, CausalStream& stream) const {
  const at::Tensor frames = to_frames(time_conv_.empty() ? x : double_time(x, stream));
  const at::Tensor large = fused_cpu_path(frames) ? upsampled_conv_folded(frames, weight_, bias_)
                                                  : upsampled_conv(frames, weight_, bias_);
  return from_frames(large, x.size(0));
}

Downsample::Downsample(nn::ParameterStore& store, const std::string& name, std::int64_t channels,
                       bool time)
    : weight_(store.add(name + ".resample.1.weight", {channels, channels, 3, 3})),
      bias_(store.add(name + ".resample.1.bias", {channels})) {
  if (time) {
    time_weight_ = store.add(name + ".time_conv.weight", {channels, channels, 3, 1, 1});
    time_bias_ = store.add(name + ".time_conv.bias", {channels});
  }
}

at::Tensor Downsample::halve_time(const at::Tensor& x, CausalStream& stream) const {
  at::Tensor& slot = stream.next_slot();
  const at::Tensor with_context = slot.defined() ? at::cat({slot, x}, 2) : x;
  slot = kept_frames(x, 1);
  at::Tensor halved;
  if (with_context.size(2) >= 3) {
    halved = at::conv3d(with_context, time_weight_, time_bias_, at::IntArrayRef({2, 1, 1}));
  }
  if (!stream.at_start) return halved;
  const at::Tensor first = x.narrow(2, 0, 1);
  return halved.defined() ? at::cat({first, halved}, 2) : first;
}

at::Tensor Downsample::forward(const at::Tensor& x, CausalStream& stream) const {
  const at::Tensor padded = at::constant_pad_nd(to_frames(x), {0, 1, 0, 1});
  const at::Tensor small = at::conv2d(padded, weight_, bias_, at::IntArrayRef({2, 2}));
  const at::Tensor clip = from_frames(small, x.size(0));
  return time_weight_.defined() ? halve_time(clip, stream) : clip;
}

}  // namespace oasis::model
