#include "kernels/routing_cells.h"

#include <device_intrinsics.h>

#include "kernels/routing_cell_state.h"
#include "kernels/routing_cells_paths.h"
#include "kernels/vector_access.h"

namespace oasis::kernels {
namespace {

constexpr int kPlainWarps = 4;
constexpr int kMaxHeadDim = 256;

/// One warp a query: its lanes take every 32nd key each.
template <class T>
OASIS_KERNEL(32 * kPlainWarps)
void routing_cells_plain_kernel(RoutingOperand q, RoutingOperand k, RoutingGrid grid, int head_dim,
                                float scale, float* out) {
  const Index3 block = block_index();
  const int query = block.x * kPlainWarps + warp_index();
  const bool inside = query < grid.tokens;
  const T* own = static_cast<const T*>(q.data) + block.z * q.batch_stride +
                 block.y * q.head_stride + (inside ? query : 0) * q.token_stride;
  const T* keys =
      static_cast<const T*>(k.data) + block.z * k.batch_stride + block.y * k.head_stride;
  const SharedPtr<float> channels =
      shared_array<float>(warp_index() * kMaxHeadDim * 4, kMaxHeadDim);
  for (int i = lane_index(); i < head_dim; i += 32) channels[i] = to_float(own[i]);
  syncwarp();

  const TokenPlace place = token_place(grid, inside ? query : 0);
  CellState cells[kRoutingCells];
  for (int key = lane_index(); key < grid.tokens; key += 32) {
    float sum = 0.0f;
    for (int i = 0; i < head_dim; ++i)
      sum += channels[i] * to_float(keys[key * k.token_stride + i]);
    const float logit[1] = {scale * sum};
    const RoutingCell kind = cell_of(grid, place, token_place(grid, key));
    OASIS_UNROLL for (int cell = 0; cell < kRoutingCells; ++cell) {
      if (kind == cell) include_logits(cells[cell], logit);
    }
  }
  const std::int64_t head = block.z * static_cast<std::int64_t>(grid_size().y) + block.y;
  float* row = out + (head * grid.tokens + query) * kRoutingCells * kFloatsPerRoutingCell;
  OASIS_UNROLL for (int cell = 0; cell < kRoutingCells; ++cell) {
    merge_lanes<32>(cells[cell]);
    if (inside && lane_index() == cell) store_cell(row + cell * kFloatsPerRoutingCell, cells[cell]);
  }
}

void check(const RoutingCellsProblem& problem) {
  if (problem.window_frames % 2 == 0 || problem.window_rows % 2 == 0 ||
      problem.window_cols % 2 == 0) {
    throw std::runtime_error("routing_cells: a window has odd sizes only");
  }
  if (problem.head_dim < 1 || problem.head_dim > kMaxHeadDim) {
    throw std::runtime_error("routing_cells: head dim " + std::to_string(problem.head_dim) +
                             " is not in 1 to " + std::to_string(kMaxHeadDim));
  }
}

bool fits_tensor_cores(const RoutingOperand& operand) {
  return aligned_16(operand.data) && operand.batch_stride % 8 == 0 &&
         operand.token_stride % 8 == 0 && operand.head_stride % 8 == 0;
}

}  // namespace

void routing_cells_plain(const RoutingCellsProblem& problem, float* cells, Stream stream) {
  check(problem);
  const RoutingGrid grid = routing_grid(problem);
  const Index3 blocks{(grid.tokens + kPlainWarps - 1) / kPlainWarps, problem.heads, problem.batch};
  with_element(problem.element, [&](auto type) {
    using T = typename decltype(type)::Type;
    launch("routing_cells_plain", blocks, 32 * kPlainWarps, kPlainWarps * kMaxHeadDim * 4, stream,
           routing_cells_plain_kernel<T>, problem.q, problem.k, grid, problem.head_dim,
           problem.scale, cells);
  });
}

void routing_cells(const RoutingCellsProblem& problem, float* cells, Stream stream) {
  check(problem);
  const bool tensor_cores = problem.element != Element::f32 &&
                            (problem.head_dim == 64 || problem.head_dim == 128) &&
                            fits_tensor_cores(problem.q) && fits_tensor_cores(problem.k);
  if (tensor_cores) return routing_cells_mma(problem, cells, stream);
  routing_cells_plain(problem, cells, stream);
}

}  // namespace oasis::kernels
