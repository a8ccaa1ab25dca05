#include "oasis/nn/dense_attention.h"

#include <ATen/ops/scaled_dot_product_attention.h>

#include "nn/dense_attention_cpu.h"
#include "oasis/nn/recompute.h"
#ifdef OASIS_WITH_CUDA
#include "oasis/nn/dense_attention_cuda.h"
#endif

namespace oasis::nn {
namespace {

/// Whether the kernels of the CPU can read the three, and there is something to do.
bool kernels_serve(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const auto type = q.scalar_type();
  return q.is_cpu() && k.is_cpu() && v.is_cpu() && k.scalar_type() == type &&
         v.scalar_type() == type && q.dim() == 4 && k.sizes() == v.sizes() && k.dim() == 4 &&
         k.size(0) == q.size(0) && k.size(2) == q.size(2) && k.size(3) == q.size(3) &&
         q.numel() > 0 && k.numel() > 0 && dense_cpu::supports(type, q.size(3));
}

}  // namespace

at::Tensor dense_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
#ifdef OASIS_WITH_CUDA
  if (q.is_cuda()) return dense_attention_cuda(q, k, v);
#endif
  if (!is_training() && kernels_serve(q, k, v)) {
    const auto isa = dense_cpu::best_instruction_set(q.scalar_type());
    if (isa) return dense_cpu::forward(q, k, v, *isa);
  }
  return at::scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
      .transpose(1, 2);
}

}  // namespace oasis::nn
