#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

/// The element-wise pieces of a DiT block as kernels of our own (kernels/), on tensors. Only in
/// builds with CUDA; the layers choose them by `fused_kernels_serve` and keep the ATen path for all
/// else.
namespace oasis::nn {

/// Whether the kernels take rows like those of `x`: a CUDA tensor of 32 or 16 bits, last dimension
/// 1 to 8192, no gradient being recorded.
bool fused_kernels_serve(const at::Tensor& x);

/// `layer_norm` with the result in `dtype`, rounded once; statistics in float32.
at::Tensor fused_layer_norm(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                            double eps, at::ScalarType dtype);

/// What RMS norm and rotation make of q and k `[B, N, channels]`: in their place where their rows
/// are evenly spaced, else in new tensors. Weights `[channels]`; rotations complex64
/// `[N, 1, head_dim / 2]`.
std::pair<at::Tensor, at::Tensor> fused_norm_rope(const at::Tensor& q, const at::Tensor& k,
                                                  const at::Tensor& q_weight,
                                                  const at::Tensor& k_weight, double eps,
                                                  const at::Tensor& rotations);

/// x += gate * y with x contiguous; `gate` `[channels]`.
void fused_add_gated(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate);

/// The tanh form of GELU in place, x contiguous.
void fused_gelu_tanh(const at::Tensor& x);

}  // namespace oasis::nn
