#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "model/parameter_store.h"

namespace oasis::model {

/// What a causal network carries from one part of a video to the next: for each causal layer, in
/// the order of execution, the last frames of its input. An empty stream is the start of a video.
struct CausalStream {
  std::vector<at::Tensor> slots;
  std::size_t cursor = 0;  ///< the slot that the next causal layer takes
  bool at_start = true;    ///< the next part holds frame 0

  at::Tensor& next_slot();
};

/// Causal 3-D convolution: zeros on both sides in space, the previous frames (zeros at the start)
/// on the left in time. Wan2.1 `vae.py`, CausalConv3d with stride 1.
class CausalConv3d {
 public:
  CausalConv3d(ParameterStore& store, const std::string& name, std::int64_t in, std::int64_t out,
               std::int64_t kernel_t, std::int64_t kernel_s);

  /// x `[B, in, T, H, W]` -> `[B, out, T, H, W]`.
  at::Tensor forward(const at::Tensor& x, CausalStream& stream) const;
  /// The same for an input that already begins with its `context_frames()` previous frames.
  at::Tensor forward_padded(const at::Tensor& padded) const;
  std::int64_t context_frames() const { return kernel_t_ - 1; }

 private:
  std::int64_t kernel_t_;
  std::int64_t kernel_s_;
  at::Tensor weight_;
  at::Tensor bias_;
};

/// RMS norm over the channels (L2 norm clamped at 1e-12, times sqrt(C) * gamma) followed by SiLU.
class NormSilu {
 public:
  NormSilu(ParameterStore& store, const std::string& name, std::int64_t channels);

  /// x `[B, C, T, H, W]` -> the same shape.
  at::Tensor forward(const at::Tensor& x) const;
  /// The same, written behind the `context` frames that `stream` holds for the convolution that
  /// comes next; result `[B, C, context + T, H, W]`.
  at::Tensor forward_padded(const at::Tensor& x, std::int64_t context, CausalStream& stream) const;

 private:
  at::Tensor gamma_;
};

/// shortcut(x) + conv_b(SiLU(norm_b(conv_a(SiLU(norm_a(x)))))).
class ResidualBlock {
 public:
  ResidualBlock(ParameterStore& store, const std::string& name, std::int64_t in, std::int64_t out);
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
  FrameAttention(ParameterStore& store, const std::string& name, std::int64_t channels);
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
  Upsample(ParameterStore& store, const std::string& name, std::int64_t channels, bool time);
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
  Downsample(ParameterStore& store, const std::string& name, std::int64_t channels, bool time);
  at::Tensor forward(const at::Tensor& x, CausalStream& stream) const;

 private:
  at::Tensor halve_time(const at::Tensor& x, CausalStream& stream) const;

  at::Tensor weight_;
  at::Tensor bias_;
  at::Tensor time_weight_;  ///< undefined without `time`
  at::Tensor time_bias_;
};

/// 1x1x1 convolution: x `[B, in, T, H, W]`, weight `[out, in, 1, 1(, 1)]`.
at::Tensor pointwise(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

/// True if the fused, non-differentiable CPU kernels may be used on `x`.
bool fused_cpu_path(const at::Tensor& x);

/// out = SiLU(x * gamma * sqrt(C) / max(|x|, 1e-12)) for `rows` rows of `channels` values, on the
/// CPU, float32 arithmetic. x and out may be the same memory. Float, BFloat16 or Half.
void norm_silu_rows(const at::Tensor& gamma, const void* x, void* out, std::int64_t rows,
                    c10::ScalarType type);

}  // namespace oasis::model
