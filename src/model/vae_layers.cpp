#include "model/vae_layers.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

namespace oasis::model {
namespace {

/// [B, C, T, H, W] -> [B*T, C, H, W]; a view where the layout is channels_last_3d.
at::Tensor to_frames(const at::Tensor& x) {
  return x.permute({0, 2, 1, 3, 4})
      .reshape({x.size(0) * x.size(2), x.size(1), x.size(3), x.size(4)});
}

at::Tensor from_frames(const at::Tensor& frames, std::int64_t batch) {
  return frames
      .reshape({batch, frames.size(0) / batch, frames.size(1), frames.size(2), frames.size(3)})
      .permute({0, 2, 1, 3, 4});
}

at::Tensor zero_frames(const at::Tensor& like, std::int64_t frames) {
  return at::zeros({like.size(0), like.size(1), frames, like.size(3), like.size(4)},
                   like.options());
}

at::Tensor last_frames(const at::Tensor& x, std::int64_t count) {
  return x.narrow(2, x.size(2) - count, count);
}

/// What a stream keeps must not hold the whole tensor alive; under autograd it stays a view, so
/// that gradients flow through it.
at::Tensor kept(const at::Tensor& frames) {
  return frames.requires_grad() ? frames : frames.clone(at::MemoryFormat::ChannelsLast3d);
}

at::Tensor rms_norm_channels(const at::Tensor& x, const at::Tensor& gamma) {
  const at::Tensor wide = x.to(at::kFloat);
  const at::Tensor norm = wide.norm(2, {1}, true).clamp_min(1e-12);
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = x.size(1);
  const at::Tensor scale =
      gamma.to(at::kFloat).view(shape) * std::sqrt(static_cast<double>(x.size(1)));
  return (wide / norm * scale).to(x.scalar_type());
}

}  // namespace

at::Tensor& CausalStream::next_slot() {
  if (cursor == slots.size()) slots.emplace_back();
  return slots[cursor++];
}

bool fused_cpu_path(const at::Tensor& x) {
  return x.device().is_cpu() &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) &&
         !(at::GradMode::is_enabled() && x.requires_grad());
}

at::Tensor pointwise(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor rows = x.movedim(1, -1);
  return at::linear(rows, weight.view({weight.size(0), weight.size(1)}), bias).movedim(-1, 1);
}

CausalConv3d::CausalConv3d(ParameterStore& store, const std::string& name, std::int64_t in,
                           std::int64_t out, std::int64_t kernel_t, std::int64_t kernel_s)
    : kernel_t_(kernel_t),
      kernel_s_(kernel_s),
      weight_(store.add(name + ".weight", {out, in, kernel_t, kernel_s, kernel_s})),
      bias_(store.add(name + ".bias", {out})) {}

at::Tensor CausalConv3d::forward(const at::Tensor& x, CausalStream& stream) const {
  at::Tensor& slot = stream.next_slot();
  const at::Tensor context = slot.defined() ? slot : zero_frames(x, context_frames());
  const at::Tensor padded = at::cat({context, x}, 2);
  slot = kept(last_frames(padded, context_frames()));
  return forward_padded(padded);
}

at::Tensor CausalConv3d::forward_padded(const at::Tensor& padded) const {
  const std::int64_t side = kernel_s_ / 2;
  return at::conv3d(padded.contiguous(at::MemoryFormat::ChannelsLast3d), weight_, bias_,
                    at::IntArrayRef({1, 1, 1}), at::IntArrayRef({0, side, side}));
}

NormSilu::NormSilu(ParameterStore& store, const std::string& name, std::int64_t channels)
    : gamma_(store.add(name, {channels, 1, 1, 1})) {}

at::Tensor NormSilu::forward(const at::Tensor& x) const {
  if (!fused_cpu_path(x)) return at::silu(rms_norm_channels(x, gamma_));
  const at::Tensor in = x.contiguous(at::MemoryFormat::ChannelsLast3d);
  at::Tensor out = at::empty_like(in);
  norm_silu_rows(gamma_, in.const_data_ptr(), out.mutable_data_ptr(), in.numel() / in.size(1),
                 in.scalar_type());
  return out;
}

at::Tensor NormSilu::forward_padded(const at::Tensor& x, std::int64_t context,
                                    CausalStream& stream) const {
  at::Tensor& slot = stream.next_slot();
  at::Tensor padded;
  if (fused_cpu_path(x) && x.size(0) == 1) {
    const at::Tensor in = x.contiguous(at::MemoryFormat::ChannelsLast3d);
    padded = at::empty({1, in.size(1), context + in.size(2), in.size(3), in.size(4)},
                       in.options().memory_format(at::MemoryFormat::ChannelsLast3d));
    at::Tensor before = padded.narrow(2, 0, context);
    slot.defined() ? before.copy_(slot) : before.zero_();
    norm_silu_rows(gamma_, in.const_data_ptr(),
                   padded.narrow(2, context, in.size(2)).mutable_data_ptr(),
                   in.numel() / in.size(1), in.scalar_type());
  } else {
    padded = at::cat({slot.defined() ? slot : zero_frames(x, context), forward(x)}, 2);
  }
  slot = kept(last_frames(padded, context));
  return padded;
}

ResidualBlock::ResidualBlock(ParameterStore& store, const std::string& name, std::int64_t in,
                             std::int64_t out)
    : norm_a_(store, name + ".residual.0.gamma", in),
      conv_a_(store, name + ".residual.2", in, out, 3, 3),
      norm_b_(store, name + ".residual.3.gamma", out),
      conv_b_(store, name + ".residual.6", out, out, 3, 3) {
  if (in != out) {
    shortcut_weight_ = store.add(name + ".shortcut.weight", {out, in, 1, 1, 1});
    shortcut_bias_ = store.add(name + ".shortcut.bias", {out});
  }
}

at::Tensor ResidualBlock::forward(const at::Tensor& x, CausalStream& stream) const {
  at::Tensor y =
      conv_a_.forward_padded(norm_a_.forward_padded(x, conv_a_.context_frames(), stream));
  y = conv_b_.forward_padded(norm_b_.forward_padded(y, conv_b_.context_frames(), stream));
  const at::Tensor shortcut =
      shortcut_weight_.defined() ? pointwise(x, shortcut_weight_, shortcut_bias_) : x;
  return y.requires_grad() ? y + shortcut : y.add_(shortcut);
}

FrameAttention::FrameAttention(ParameterStore& store, const std::string& name,
                               std::int64_t channels)
    : gamma_(store.add(name + ".norm.gamma", {channels, 1, 1})),
      qkv_weight_(store.add(name + ".to_qkv.weight", {3 * channels, channels, 1, 1})),
      qkv_bias_(store.add(name + ".to_qkv.bias", {3 * channels})),
      proj_weight_(store.add(name + ".proj.weight", {channels, channels, 1, 1})),
      proj_bias_(store.add(name + ".proj.bias", {channels})) {}

at::Tensor FrameAttention::forward(const at::Tensor& x) const {
  const std::int64_t channels = x.size(1);
  const at::Tensor frames = to_frames(x);
  const at::Tensor tokens = rms_norm_channels(frames, gamma_).flatten(2).transpose(1, 2);
  const at::Tensor qkv =
      at::linear(tokens, qkv_weight_.view({3 * channels, channels}), qkv_bias_).unsqueeze(1);
  const auto parts = qkv.chunk(3, -1);
  const at::Tensor mixed =
      at::scaled_dot_product_attention(parts[0], parts[1], parts[2]).squeeze(1);
  const at::Tensor out = at::linear(mixed, proj_weight_.view({channels, channels}), proj_bias_);
  return x + from_frames(out.transpose(1, 2).reshape_as(frames), x.size(0));
}

Upsample::Upsample(ParameterStore& store, const std::string& name, std::int64_t channels, bool time)
    : weight_(store.add(name + ".resample.1.weight", {channels / 2, channels, 3, 3})),
      bias_(store.add(name + ".resample.1.bias", {channels / 2})) {
  if (time) time_conv_.emplace_back(store, name + ".time_conv", channels, 2 * channels, 3, 1);
}

at::Tensor Upsample::double_time(const at::Tensor& x, CausalStream& stream) const {
  if (!stream.at_start) {
    const at::Tensor both = time_conv_[0].forward(x, stream);
    return both.unflatten(1, {2, x.size(1)})
        .permute({0, 2, 3, 1, 4, 5})
        .flatten(2, 3);  // frame 2i + j is half j of the channels at i
  }
  // Frame 0 passes by, unseen by the convolution: its context begins with zeros behind it.
  if (x.size(2) == 1) {
    stream.next_slot() = at::Tensor();
    return x;
  }
  const at::Tensor tail = x.narrow(2, 1, x.size(2) - 1);
  const at::Tensor both = time_conv_[0].forward(tail, stream);
  const at::Tensor doubled =
      both.unflatten(1, {2, x.size(1)}).permute({0, 2, 3, 1, 4, 5}).flatten(2, 3);
  return at::cat({x.narrow(2, 0, 1), doubled}, 2);
}

at::Tensor Upsample::forward(const at::Tensor& x, CausalStream& stream) const {
  const at::Tensor doubled = time_conv_.empty() ? x : double_time(x, stream);
  const at::Tensor frames = to_frames(doubled);
  const at::Tensor enlarged = at::upsample_nearest2d(
      frames.contiguous(at::MemoryFormat::ChannelsLast), {2 * frames.size(2), 2 * frames.size(3)});
  const at::Tensor out =
      at::conv2d(enlarged, weight_, bias_, at::IntArrayRef({1, 1}), at::IntArrayRef({1, 1}));
  return from_frames(out, x.size(0));
}

Downsample::Downsample(ParameterStore& store, const std::string& name, std::int64_t channels,
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
  slot = kept(last_frames(x, 1));
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
