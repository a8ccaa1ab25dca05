#include "nn/cuda/kernel_call.h"

#include <c10/cuda/CUDAStream.h>
#include <fmt/format.h>

#include "oasis/core/error.h"

namespace oasis::nn {

kernels::Element kernel_element(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return kernels::Element::f32;
    case at::kHalf:
      return kernels::Element::f16;
    case at::kBFloat16:
      return kernels::Element::bf16;
    default:
      throw Error(fmt::format("no CUDA kernel takes {}", c10::toString(dtype)));
  }
}

kernels::Stream kernel_stream(const at::Tensor& x) {
  return c10::cuda::getCurrentCUDAStream(x.device().index()).stream();
}

at::Tensor kernel_weights(const at::Tensor& x) { return x.to(at::kFloat).contiguous(); }

}  // namespace oasis::nn
