#include <c10/cuda/CUDAGuard.h>

#include "kernels/norm_rope.h"
#include "nn/cuda/kernel_call.h"
#include "nn/fused_kernels.h"

namespace oasis::nn {
namespace {

/// `[B, N, channels]` whose rows lie at one stride.
at::Tensor evenly_spaced(const at::Tensor& x) {
  const bool even = x.stride(2) == 1 && (x.size(0) == 1 || x.stride(0) == x.size(1) * x.stride(1));
  return even ? x : x.contiguous();
}

kernels::NormRopeTensor in_place(const at::Tensor& x, const at::Tensor& weight) {
  void* rows = x.mutable_data_ptr();
  return {rows, x.stride(1), rows, x.stride(1), weight.const_data_ptr<float>()};
}

}  // namespace

std::pair<at::Tensor, at::Tensor> fused_norm_rope(const at::Tensor& q, const at::Tensor& k,
                                                  const at::Tensor& q_weight,
                                                  const at::Tensor& k_weight, double eps,
                                                  const at::Tensor& rotations) {
  const c10::cuda::CUDAGuard device(q.device());
  const auto queries = evenly_spaced(q);
  const auto keys = evenly_spaced(k);
  const auto gain_q = kernel_weights(q_weight);
  const auto gain_k = kernel_weights(k_weight);
  const auto turns = rotations.contiguous();
  const kernels::NormRopeTensor tensors[] = {in_place(queries, gain_q), in_place(keys, gain_k)};
  const kernels::NormRopeShape shape{q.size(0) * q.size(1), q.size(1), static_cast<int>(q.size(2)),
                                     static_cast<int>(2 * rotations.size(-1)),
                                     static_cast<float>(eps)};
  kernels::norm_rope(kernel_element(q.scalar_type()), tensors, 2, shape,
                     static_cast<const float*>(turns.const_data_ptr()), kernel_stream(q));
  return {queries, keys};
}

}  // namespace oasis::nn
