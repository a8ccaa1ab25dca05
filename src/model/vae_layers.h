#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "oasis/nn/parameter_store.h"

namespace oasis::model {

/// What a causal network carries from one part of a video to the next: for each causal layer, in
/// the order of execution, the last frames of its input. An empty stream is the start of a video.
struct CausalStream {
  /// `[B, C, f, H, W]`, f no more than the layer looks back; what is not there yet counts as zero.
  std::vector<at::Tensor> slots;
  std::size_t cursor = 0;  ///< the slot that the next causal layer takes
  bool at_start = true;    ///< the next part holds frame 0

  at::Tensor& next_slot();
};

/// RMS norm over the channels (L2 norm clamped at 1e-12, times sqrt(C) * gamma) followed by SiLU.
class NormSilu {
 public:
  NormSilu(nn::ParameterStore& store, const std::string& name, std::int64_t channels);

  /// x `[B, C, T, H, W]` -> the same shape.
  at::Tensor forward(const at::Tensor& x) const;
  /// The same, written behind `before` frames, which are `slot` and, in front of it, zeros; result
  /// `[B, C, before + T, H, W]`.
  at::Tensor forward_behind(const at::Tensor& slot, std::int64_t before, const at::Tensor& x) const;

 private:
  at::Tensor gamma_;
};

/// Causal 3-D convolution: zeros on both sides in space, the previous frames (zeros at the start)
/// on the left in time. Wan2.1 `vae.py`, CausalConv3d with stride 1.
class CausalConv3d {
 public:
  CausalConv3d(nn::ParameterStore& store, const std::string& name, std::int64_t in,
               std::int64_t out, std::int64_t kernel_t, std::int64_t kernel_s);

  /// x `[B, in, T, H, W]` -> `[B, out, T, H, W]`; with `norm`, of norm(x).
  at::Tensor forward(const at::Tensor& x, CausalStream& stream,
                     const NormSilu* norm = nullptr) const;

 private:
  /// One frame with nothing but zeros before it: a 2-D convolution, a third of the work.
  at::Tensor last_tap(const at::Tensor& frame) const;

  std::int64_t kernel_t_;
  std::int64_t kernel_s_;
  at::Tensor weight_;
  at::Tensor bias_;
};

/// shortcut(x) + conv_b(SiLU(norm_b(conv_a(SiLU(norm_a(x)))))).
class ResidualBlock {
 public:
  ResidualBlock(nn::ParameterStore& store, const std::string& name, std::int64_t in,
                std::int64_t out);
  at::Tensor forward(const at::Tensor& x, CausalStream& stream) const;

 private:
  NormSilu norm_a_;
  CausalConv3d conv_a_;
  NormSilu norm_b_;
  CausalConv3d conv_b_;
  at::Tensor shortcut_weight_;  ///< undefined where the widths agree
  at::Tensor shortcut_bias_;
};

/// Self-attention over the pixels of each frame, one head as wide as the channels.
class FrameAttention {
 public:
  FrameAttention(nn::ParameterStore& store, const std::string& name, std::int64_t channels);
  at::Tensor forward(const at::Tensor& x) const;

 private:
  at::Tensor gamma_;
  at::Tensor qkv_weight_;
  at::Tensor qkv_bias_;
  at::Tensor proj_weight_;
  at::Tensor proj_bias_;
};

/// x2 in space (nearest, then a 3x3 convolution to half the channels), and x2 in time where `time`:
/// n frames become 2n, but frame 0 of a video stays one frame.
class Upsample {
 public:
  Upsample(nn::ParameterStore& store, const std::string& name, std::int64_t channels, bool time);
  at::Tensor forward(const at::Tensor& x, CausalStream& stream) const;

 private:
  at::Tensor double_time(const at::Tensor& x, CausalStream& stream) const;

  at::Tensor weight_;
  at::Tensor bias_;
  std::vector<CausalConv3d> time_conv_;  ///< none or one
};

/// /2 in space (3x3, stride 2, padded right and bottom), and /2 in time where `time`: frame 0 of a
/// video stays a frame of its own.
class Downsample {
 public:
  Downsample(nn::ParameterStore& store, const std::string& name, std::int64_t channels, bool time);
  at::Tensor forward(const at::Tensor& x, CausalStream& stream) const;

 private:
  at::Tensor halve_time(const at::Tensor& x, CausalStream& stream) const;

  at::Tensor weight_;
  at::Tensor bias_;
  at::Tensor time_weight_;  ///< undefined without `time`
  at::Tensor time_bias_;
};

/// [B, C, T, H, W] -> [B*T, C, H, W]; a view where B is 1 or the layout is channels_last_3d.
at::Tensor to_frames(const at::Tensor& x);
at::Tensor from_frames(const at::Tensor& frames, std::int64_t batch);

/// The last `count` frames of x (all, if it has fewer) for a stream: a copy, so as not to hold all
/// of x alive; under autograd a view, so that gradients flow through it.
at::Tensor kept_frames(const at::Tensor& x, std::int64_t count);

/// x behind `before` frames, which are `slot` and, in front of it, zeros; channels_last_3d.
at::Tensor frames_behind(const at::Tensor& slot, std::int64_t before, const at::Tensor& x);

/// 1x1x1 convolution: x `[B, in, T, H, W]`, weight `[out, in, 1, 1(, 1)]`.
at::Tensor pointwise(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

/// x / max(|x|, 1e-12) * sqrt(C) * gamma along axis 1, in float32, rounded to the dtype of x.
at::Tensor rms_norm_channels(const at::Tensor& x, const at::Tensor& gamma);

/// True if the fused, non-differentiable CPU kernels may be used on `x`: not under autograd, nor in
/// the first run of `nn::recompute`, which has to round as the second does.
bool fused_cpu_path(const at::Tensor& x);

/// out = SiLU(x * gamma * sqrt(C) / max(|x|, 1e-12)) for `rows` rows of `channels` values, on the
/// CPU, float32 arithmetic. x and out may be the same memory. Float or BFloat16.
void norm_silu_rows(const at::Tensor& gamma, const void* x, void* out, std::int64_t rows,
                    c10::ScalarType type);

}  // namespace oasis::model
