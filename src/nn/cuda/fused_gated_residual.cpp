#include <c10/cuda/CUDAGuard.h>

#include "kernels/gated_residual.h"
#include "nn/cuda/kernel_call.h"
#include "nn/fused_kernels.h"

namespace oasis::nn {

void fused_add_gated(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate) {
  const c10::cuda::CUDAGuard device(x.device());
  // The kernel adds 16-bit branches to a float32 stream, or like to like.
  const auto dtype = x.scalar_type() == at::kFloat ? y.scalar_type() : x.scalar_type();
  const auto branch = y.to(dtype).contiguous();
  const auto gates = kernel_weights(gate);
  const auto channels = x.size(-1);
  kernels::gated_residual(kernel_element(x.scalar_type()), x.mutable_data_ptr(),
                          kernel_element(dtype), branch.const_data_ptr(),
                          gates.const_data_ptr<float>(), x.numel() / channels,
                          static_cast<int>(channels), nullptr, kernel_stream(x));
}

}  // namespace oasis::nn
