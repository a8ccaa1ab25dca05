#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAGuard.h>

#include "kernels/modulated_norm.h"
#include "nn/cuda/kernel_call.h"
#include "nn/fused_kernels.h"
#include "oasis/nn/recompute.h"

namespace oasis::nn {
namespace {

constexpr std::int64_t kMaxChannels = 8192;

bool kernel_dtype(at::ScalarType dtype) {
  return dtype == at::kFloat || dtype == at::kHalf || dtype == at::kBFloat16;
}

}  // namespace

bool fused_kernels_serve(const at::Tensor& x) {
  return x.is_cuda() && !is_training() && kernel_dtype(x.scalar_type()) && x.dim() > 0 &&
         x.numel() > 0 && x.size(-1) <= kMaxChannels;
}

at::Tensor fused_layer_norm(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                            double eps, at::ScalarType dtype) {
  const c10::cuda::CUDAGuard device(x.device());
  const auto rows = x.contiguous();
  const auto gain = kernel_weights(scale);
  const auto offset = kernel_weights(shift);
  auto out = at::empty(x.sizes(), x.options().dtype(dtype));
  const auto channels = x.size(-1);
  kernels::modulated_norm(
      {kernel_element(x.scalar_type()), rows.const_data_ptr(), channels}, x.numel() / channels,
      static_cast<int>(channels), gain.const_data_ptr<float>(), offset.const_data_ptr<float>(),
      static_cast<float>(eps), kernel_element(dtype), out.mutable_data_ptr(), kernel_stream(x));
  return out;
}

}  // namespace oasis::nn
