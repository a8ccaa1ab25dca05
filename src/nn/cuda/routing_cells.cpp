#include "oasis/nn/routing_cells.h"

#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAGuard.h>

#include <cmath>

#include "kernels/routing_cells.h"
#include "nn/cuda/kernel_call.h"
#include "oasis/core/error.h"

namespace oasis::nn {
namespace {

constexpr std::int64_t kMaxHeadDim = 256;

void check(const at::Tensor& q, const at::Tensor& k, const TokenGrid& grid) {
  if (q.dim() != 4 || q.sizes() != k.sizes() || q.size(1) != grid.count() || q.numel() == 0 ||
      q.size(3) > kMaxHeadDim) {
    throw Error("routing cells: q and k must have one shape [batch, tokens, heads, dim <= 256]");
  }
  if (!q.is_cuda() || q.device() != k.device() || q.scalar_type() != k.scalar_type()) {
    throw Error("routing cells: q and k must be CUDA tensors of one device and dtype");
  }
}

at::Tensor with_unit_stride(const at::Tensor& x) { return x.stride(3) == 1 ? x : x.contiguous(); }

kernels::RoutingOperand operand(const at::Tensor& x) {
  return {x.const_data_ptr(), x.stride(0), x.stride(1), x.stride(2)};
}

}  // namespace

at::Tensor routing_cells(const at::Tensor& q, const at::Tensor& k, const TokenGrid& grid,
                         const AttentionWindow& window) {
  check(q, k, grid);
  check_window(window);
  const c10::cuda::CUDAGuard device(q.device());
  const auto queries = with_unit_stride(q);
  const auto keys = with_unit_stride(k);
  auto cells = at::empty(
      {q.size(0), q.size(2), q.size(1), kernels::kRoutingCells, kernels::kFloatsPerRoutingCell},
      q.options().dtype(at::kFloat).requires_grad(false));
  kernels::RoutingCellsProblem problem{};
  problem.element = kernel_element(q.scalar_type());
  problem.q = operand(queries);
  problem.k = operand(keys);
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
  kernels::routing_cells(problem, cells.mutable_data_ptr<float>(), kernel_stream(q));
  return cells;
}

}  // namespace oasis::nn
