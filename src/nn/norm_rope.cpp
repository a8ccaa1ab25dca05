#include "oasis/nn/norm_rope.h"

#include "nn/fused_kernels.h"
#include "oasis/nn/rope.h"

namespace oasis::nn {

QueriesKeys norm_rope(const at::Tensor& q, const at::Tensor& k, const RmsNorm& norm_q,
                      const RmsNorm& norm_k, std::int64_t heads, const at::Tensor& rotations) {
  const auto split = [&](const at::Tensor& x) {
    return x.view({x.size(0), x.size(1), heads, x.size(2) / heads});
  };
#ifdef OASIS_WITH_CUDA
  if (fused_kernels_serve(q) && rotations.scalar_type() == at::kComplexFloat) {
    const auto [queries, keys] =
        fused_norm_rope(q, k, norm_q->weight, norm_k->weight, norm_q->eps(), rotations);
    return {split(queries), split(keys)};
  }
#endif
  const auto turned = [&](const at::Tensor& x, const RmsNorm& norm) {
    return apply_rope(split(norm->forward(x)), rotations).to(x.scalar_type());
  };
  return {turned(q, norm_q), turned(k, norm_k)};
}

}  // namespace oasis::nn
