#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace oasis::nn {

/// Who computes dense attention on a CUDA device.
enum class DenseBackend {
  cudnn,      ///< the fastest on sm_90 and newer; 16-bit, head dim a multiple of 8 up to 128
  flash,      ///< 16-bit, head dim a multiple of 8 up to 256
  framework,  ///< whatever the framework picks; for float32
};

/// What decides.
struct DenseAttentionNeeds {
  int compute_capability = 80;  ///< 10 * major + minor
  bool half_precision = true;   ///< float16 or bfloat16
  std::int64_t head_dim = 128;
  std::int64_t tokens = 1;
  bool cudnn_allowed = true;  ///< cuDNN is there, not switched off, and no determinism demanded
};

DenseBackend choose_dense_backend(const DenseAttentionNeeds& needs);
std::string to_string(DenseBackend backend);

/// softmax(q kᵀ / sqrt(D)) v over all tokens of CUDA tensors `[B, N, heads, D]`, slices of heads
/// without a copy. Differentiable. The backend is logged when it is first used. Throws
/// `oasis::Error` where only an N x N matrix of more than 1 GiB would do.
at::Tensor dense_attention_cuda(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

}  // namespace oasis::nn
