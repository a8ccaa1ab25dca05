#include <c10/cuda/CUDAGuard.h>

#include "kernels/gelu.h"
#include "nn/cuda/kernel_call.h"
#include "nn/fused_kernels.h"

namespace oasis::nn {

void fused_gelu_tanh(const at::Tensor& x) {
  const c10::cuda::CUDAGuard device(x.device());
  void* values = x.mutable_data_ptr();
  kernels::gelu_tanh(kernel_element(x.scalar_type()), values, values, x.numel(), kernel_stream(x));
}

}  // namespace oasis::nn
