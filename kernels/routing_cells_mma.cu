// Routing statistics on tensor cores: the loop of a flash-attention forward without its P * V. A
// block holds 128 queries, 16 per warp, in registers and passes over tiles of 64 keys, two of them
// in shared memory. Nearly every tile of keys lies in one cell as a whole; tiles near the queries
// are sorted element by element.
#include <device_intrinsics.h>

#include "kernels/routing_cell_state.h"
#include "kernels/routing_cells_paths.h"

namespace oasis::kernels {
namespace {

constexpr int kWarps = 8;
constexpr int kQueriesPerWarp = 16;
constexpr int kQueries = kWarps * kQueriesPerWarp;
constexpr int kKeys = 64;
constexpr int kStages = 2;
constexpr int kStepKeys = 32;  ///< multiplied at a time; all 64 would need 16 more registers
constexpr int kColumnTiles = kStepKeys / 8;
static_assert(kQueries == kStages * kKeys, "the queries are loaded where the key tiles will be");

/// Element offset of a 16-byte chunk: any eight rows below one another meet eight different banks.
template <int dim>
OASIS_DEVICE int swizzled(int row, int chunk) {
  return row * dim + 8 * (chunk ^ (row & 7));
}

/// Starts loading rows [first, first + rows) of the head; rows beyond the last token become 0.
template <class Half, int dim, int rows>
OASIS_DEVICE void load_rows(const SharedPtr<Half>& tile, const Half* head, std::int64_t stride,
                            int first, int tokens) {
  constexpr int kChunks = dim / 8;
  OASIS_UNROLL for (int step = 0; step < rows * kChunks / (32 * kWarps); ++step) {
    const int i = step * 32 * kWarps + thread_index();
    const int row = i / kChunks;
    const int chunk = i % kChunks;
    const bool inside = first + row < tokens;
    const Half* source = head + (inside ? first + row : 0) * stride + 8 * chunk;
    cp_async_16(tile + swizzled<dim>(row, chunk), source, inside ? 16 : 0);
  }
  cp_async_commit();
}

/// Fragments of the warp's 16 queries, by way of shared memory, which is free again afterwards.
template <class Half, int dim>
OASIS_DEVICE void load_queries(std::uint32_t (&fragments)[dim / 16][4], const Half* head,
                               std::int64_t stride, int first, int tokens) {
  const SharedPtr<Half> tile = shared_array<Half>(0, kQueries * dim);
  load_rows<Half, dim, kQueries>(tile, head, stride, first, tokens);
  cp_async_wait<0>();
  syncthreads();
  const int lane = lane_index();
  const int row = warp_index() * kQueriesPerWarp + (lane & 7) + 8 * ((lane >> 3) & 1);
  OASIS_UNROLL for (int k = 0; k < dim / 16; ++k) {
    ldmatrix_x4(fragments[k], tile + swizzled<dim>(row, 2 * k + (lane >> 4)));
  }
  syncthreads();
}

/// logits[n] += the products of the queries with keys 8n .. 8n + 7.
template <class Half, int dim>
OASIS_DEVICE void multiply(float (&logits)[kColumnTiles][4],
                           const std::uint32_t (&queries)[dim / 16][4],
                           const SharedPtr<Half>& tile) {
  const int lane = lane_index();
  const int row = (lane & 7) + 8 * (lane >> 4);
  OASIS_UNROLL for (int k = 0; k < dim / 16; ++k) {
    OASIS_UNROLL for (int n = 0; n < kColumnTiles; n += 2) {
      std::uint32_t keys[4];
      ldmatrix_x4(keys, tile + swizzled<dim>(8 * n + row, 2 * k + ((lane >> 3) & 1)));
      mma_m16n8k16<Half>(logits[n], queries[k], keys[0], keys[1]);
      mma_m16n8k16<Half>(logits[n + 1], queries[k], keys[2], keys[3]);
    }
  }
}

using RowCells = CellState[kRoutingCells];
constexpr int kRowLogits = 2 * kColumnTiles;  ///< of one row and one lane in a step

/// Sorts one row's logits of the keys from `first_key` on into their cells.
OASIS_DEVICE void include_mixed(RowCells& cells, const float (&logits)[kRowLogits],
                                const RoutingGrid& grid, int query, int first_key) {
  const TokenPlace place = token_place(grid, query);
  std::uint32_t kinds = 0;  // four bits for each
  OASIS_UNROLL for (int i = 0; i < kRowLogits; ++i) {
    const int key = first_key + 8 * (i / 2) + 2 * (lane_index() & 3) + i % 2;
    const int kind = key < grid.tokens ? cell_of(grid, place, token_place(grid, key)) : kMixedCells;
    kinds |= static_cast<std::uint32_t>(kind) << (4 * i);
  }
  OASIS_UNROLL for (int cell = 0; cell < kRoutingCells; ++cell) {
    float own[kRowLogits];
    OASIS_UNROLL for (int i = 0; i < kRowLogits; ++i) {
      own[i] = static_cast<int>(kinds >> (4 * i) & 15u) == cell ? logits[i] : kNoLogit;
    }
    include_logits(cells[cell], own);
  }
}

/// Takes one step's logits of the lane's two rows in.
OASIS_DEVICE void include_step(RowCells (&cells)[2], const float (&products)[kColumnTiles][4],
                               float scale, const RoutingGrid& grid, int warp_query,
                               int first_key) {
  const int last_query = warp_query + kQueriesPerWarp - 1;
  const int last_key = first_key + kStepKeys - 1;
  const RoutingCell common =
      last_key < grid.tokens
          ? cell_of_runs(grid, warp_query, last_query < grid.tokens ? last_query : grid.tokens - 1,
                         first_key, last_key)
          : kMixedCells;
  OASIS_UNROLL for (int slot = 0; slot < 2; ++slot) {
    float logits[kRowLogits];
    OASIS_UNROLL for (int i = 0; i < kRowLogits; ++i) {
      logits[i] = scale * products[i / 2][2 * slot + i % 2];
    }
    if (common != kMixedCells) {
      include_in_either(common == kNoneCell, cells[slot][kIntraCell], cells[slot][kNoneCell],
                        logits);
    } else {
      include_mixed(cells[slot], logits, grid, warp_query + (lane_index() >> 2) + 8 * slot,
                    first_key);
    }
  }
}

/// Joins the four lanes of a row; each writes one cell.
OASIS_DEVICE void store_rows(RowCells (&cells)[2], float* head_cells, int warp_query, int tokens) {
  OASIS_UNROLL for (int slot = 0; slot < 2; ++slot) {
    const int query = warp_query + (lane_index() >> 2) + 8 * slot;
    CellState own;
    OASIS_UNROLL for (int cell = 0; cell < kRoutingCells; ++cell) {
      CellState& state = cells[slot][cell];
      merge_lanes<4>(state);
      const bool mine = (lane_index() & 3) == cell;
      own.max = mine ? state.max : own.max;
      own.z = mine ? state.z : own.z;
      own.u = mine ? state.u : own.u;
    }
    if (query >= tokens) continue;
    const std::int64_t row = query;
    store_cell(head_cells + (row * kRoutingCells + (lane_index() & 3)) * kFloatsPerRoutingCell,
               own);
  }
}

template <class Half, int dim>
OASIS_KERNEL(32 * kWarps, 2)
void routing_cells_mma_kernel(RoutingOperand q, RoutingOperand k, RoutingGrid grid, float scale,
                              float* out) {
  const Index3 block = block_index();
  const int warp_query = block.x * kQueries + warp_index() * kQueriesPerWarp;
  const Half* queries =
      static_cast<const Half*>(q.data) + block.z * q.batch_stride + block.y * q.head_stride;
  const Half* keys =
      static_cast<const Half*>(k.data) + block.z * k.batch_stride + block.y * k.head_stride;
  std::uint32_t fragments[dim / 16][4];
  load_queries<Half, dim>(fragments, queries, q.token_stride, block.x * kQueries, grid.tokens);

  RowCells cells[2];
  const auto stage = [](int tile) {
    return shared_array<Half>((tile % kStages) * kKeys * dim * 2, kKeys * dim);
  };
  const int tiles = (grid.tokens + kKeys - 1) / kKeys;
  load_rows<Half, dim, kKeys>(stage(0), keys, k.token_stride, 0, grid.tokens);
  for (int tile = 0; tile < tiles; ++tile) {
    if (tile + 1 < tiles) {
      load_rows<Half, dim, kKeys>(stage(tile + 1), keys, k.token_stride, (tile + 1) * kKeys,
                                  grid.tokens);
      cp_async_wait<1>();
    } else {
      cp_async_wait<0>();
    }
    syncthreads();
    for (int step = 0; step < kKeys; step += kStepKeys) {
      if (warp_query >= grid.tokens || tile * kKeys + step >= grid.tokens) break;
      float products[kColumnTiles][4] = {};
      multiply<Half, dim>(products, fragments, stage(tile) + step * dim);
      include_step(cells, products, scale, grid, warp_query, tile * kKeys + step);
    }
    syncthreads();
  }
  const std::int64_t head = block.z * static_cast<std::int64_t>(grid_size().y) + block.y;
  store_rows(cells, out + head * grid.tokens * kRoutingCells * kFloatsPerRoutingCell, warp_query,
             grid.tokens);
}

}  // namespace

void routing_cells_mma(const RoutingCellsProblem& problem, float* cells, Stream stream) {
  const RoutingGrid grid = routing_grid(problem);
  const Index3 blocks{(grid.tokens + kQueries - 1) / kQueries, problem.heads, problem.batch};
  with_half(problem.element, [&](auto type) {
    using Half = typename decltype(type)::Type;
    launch("routing_cells_mma", blocks, 32 * kWarps, kQueries * problem.head_dim * 2, stream,
           problem.head_dim == 64 ? routing_cells_mma_kernel<Half, 64>
                                  : routing_cells_mma_kernel<Half, 128>,
           problem.q, problem.k, grid, problem.scale, cells);
  });
}

}  // namespace oasis::kernels
