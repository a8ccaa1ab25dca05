#include "oasis/nn/window_attention_cuda.h"

#include <ATen/cuda/CUDAContextLight.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAGuard.h>

#include <cmath>

#include "kernels/window_attention.h"
#include "nn/cuda/kernel_call.h"
#include "oasis/core/error.h"

namespace oasis::nn::window_cuda {
namespace {

constexpr std::int64_t kMaxHeadDim = 256;

/// Kernels read neighbouring channels together.
at::Tensor with_unit_stride(const at::Tensor& x) { return x.stride(3) == 1 ? x : x.contiguous(); }

kernels::TokenView view(const at::Tensor& x) {
  return {x.const_data_ptr(), x.stride(0), x.stride(1), x.stride(2)};
}

kernels::MutableTokenView mutable_view(const at::Tensor& x) {
  return {x.mutable_data_ptr(), x.stride(0), x.stride(1), x.stride(2)};
}

at::Tensor contiguous_like(const at::Tensor& q) {
  return at::empty(q.sizes(), q.options().requires_grad(false));
}

/// One float per query: `[B, heads, N]`.
at::Tensor query_floats(const at::Tensor& q) {
  return at::empty({q.size(0), q.size(2), q.size(1)},
                   q.options().dtype(at::kFloat).requires_grad(false));
}

kernels::WindowProblem problem_of(const at::Tensor& q, const TokenGrid& grid,
                                  const AttentionWindow& window) {
  kernels::WindowProblem problem;
  problem.element = kernel_element(q.scalar_type());
  problem.batch = static_cast<int>(q.size(0));
  problem.heads = static_cast<int>(q.size(2));
  problem.head_dim = static_cast<int>(q.size(3));
  problem.frames = static_cast<int>(grid.frames);
  problem.rows = static_cast<int>(grid.rows);
  problem.cols = static_cast<int>(grid.cols);
  problem.window_frames = static_cast<int>(window.frames);
  problem.window_rows = static_cast<int>(window.rows);
  problem.window_cols = static_cast<int>(window.cols);
  problem.scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(q.size(3))));
  return problem;
}

void check(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const TokenGrid& grid) {
  if (!supports(q) || q.dim() != 4 || q.sizes() != k.sizes() || q.sizes() != v.sizes() ||
      q.size(1) != grid.count() || k.device() != q.device() || v.device() != q.device() ||
      k.scalar_type() != q.scalar_type() || v.scalar_type() != q.scalar_type()) {
    throw Error(
        "window attention: q, k and v must be CUDA tensors of one device, dtype and shape "
        "[batch, tokens, heads, dim <= 256]");
  }
}

template <class Call>
kernels::WindowPath path_for(const Call& call) {
  return kernels::window_fast_supports(call) ? kernels::WindowPath::fast
                                             : kernels::WindowPath::plain;
}

void run_forward(const at::Tensor& out, float* lse, const at::Tensor& q, const at::Tensor& k,
                 const at::Tensor& v, const TokenGrid& grid, const AttentionWindow& window) {
  check(q, k, v, grid);
  if (q.numel() == 0) return;
  const c10::cuda::CUDAGuard device(q.device());
  const auto queries = with_unit_stride(q), keys = with_unit_stride(k),
             values = with_unit_stride(v);
  kernels::WindowForward call;
  call.problem = problem_of(q, grid, window);
  call.q = view(queries);
  call.k = view(keys);
  call.v = view(values);
  call.o = mutable_view(out);
  call.lse = lse;
  const auto* properties = at::cuda::getDeviceProperties(q.device().index());
  call.multiprocessors = properties->multiProcessorCount;
  call.shared_bytes = static_cast<int>(properties->sharedMemPerBlockOptin);
  kernels::window_attention_forward(call, path_for(call), kernel_stream(q));
}

}  // namespace

bool supports(const at::Tensor& q) {
  const auto dtype = q.scalar_type();
  const bool known = dtype == at::kFloat || dtype == at::kHalf || dtype == at::kBFloat16;
  return q.is_cuda() && known && q.size(-1) <= kMaxHeadDim;
}

WindowAttentionResult forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                              const TokenGrid& grid, const AttentionWindow& window) {
  WindowAttentionResult result{contiguous_like(q), query_floats(q)};
  run_forward(result.out, result.lse.mutable_data_ptr<float>(), q, k, v, grid, window);
  return result;
}

void forward_into(const at::Tensor& out, const at::Tensor& q, const at::Tensor& k,
                  const at::Tensor& v, const TokenGrid& grid, const AttentionWindow& window) {
  if (out.sizes() != q.sizes() || out.stride(3) != 1 || out.scalar_type() != q.scalar_type() ||
      out.device() != q.device()) {
    throw Error("window attention: the output must be like q, its last stride 1");
  }
  run_forward(out, nullptr, q, k, v, grid, window);
}

WindowAttentionGradients backward(const at::Tensor& grad, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v, const WindowAttentionResult& forward,
                                  const TokenGrid& grid, const AttentionWindow& window) {
  check(q, k, v, grid);
  WindowAttentionGradients gradients{contiguous_like(q), contiguous_like(q), contiguous_like(q)};
  if (q.numel() == 0) return gradients;
  const c10::cuda::CUDAGuard device(q.device());
  const auto queries = with_unit_stride(q), keys = with_unit_stride(k),
             values = with_unit_stride(v);
  const auto outputs = with_unit_stride(forward.out);
  const auto d_outputs = with_unit_stride(grad.to(q.scalar_type()));
  const auto lse = forward.lse.contiguous();
  const auto delta = query_floats(q);
  kernels::WindowBackward call;
  call.problem = problem_of(q, grid, window);
  call.q = view(queries);
  call.k = view(keys);
  call.v = view(values);
  call.o = view(outputs);
  call.d_o = view(d_outputs);
  call.lse = lse.const_data_ptr<float>();
  call.delta = delta.mutable_data_ptr<float>();
  call.dq = mutable_view(gradients.dq);
  call.dk = mutable_view(gradients.dk);
  call.dv = mutable_view(gradients.dv);
  kernels::window_attention_backward(call, path_for(call), kernel_stream(q));
  return gradients;
}

}  // namespace oasis::nn::window_cuda
