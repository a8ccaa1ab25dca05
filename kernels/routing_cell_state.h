#pragma once

#include <device_intrinsics.h>

#include "kernels/routing_cells.h"

/// What both kernels of routing_cells.cu share: the cell of a pair of tokens, and the statistics of
/// a cell as they grow.
namespace oasis::kernels {

constexpr float kLog2e = 1.4426950408889634f;
constexpr float kNoLogit =
    -1e30f;  ///< below every logit, and finite, so that products with 0 are 0

enum RoutingCell { kBothCell, kIntraCell, kWindowCell, kNoneCell, kMixedCells };

struct RoutingGrid {
  int rows;
  int cols;
  int tokens;
  int reach_frames;  ///< half of the window
  int reach_rows;
  int reach_cols;
};

struct TokenPlace {
  int frame;
  int row;
  int col;
};

OASIS_DEVICE TokenPlace token_place(const RoutingGrid& grid, int token) {
  const int row = token / grid.cols;
  return {row / grid.rows, row % grid.rows, token % grid.cols};
}

OASIS_DEVICE int distance(int a, int b) { return a < b ? b - a : a - b; }

OASIS_DEVICE RoutingCell cell_of(const RoutingGrid& grid, const TokenPlace& q,
                                 const TokenPlace& k) {
  const bool in_window = distance(q.frame, k.frame) <= grid.reach_frames &&
                         distance(q.row, k.row) <= grid.reach_rows &&
                         distance(q.col, k.col) <= grid.reach_cols;
  if (q.frame == k.frame) return in_window ? kBothCell : kIntraCell;
  return in_window ? kWindowCell : kNoneCell;
}

/// Distance between the runs [a0, a1] and [b0, b1]; not positive where they meet.
OASIS_DEVICE int run_distance(int a0, int a1, int b0, int b1) {
  return b0 - a1 > a0 - b1 ? b0 - a1 : a0 - b1;
}

/// The one cell in which all pairs of the token runs lie, or kMixedCells where that is not certain.
OASIS_DEVICE RoutingCell cell_of_runs(const RoutingGrid& grid, int q_first, int q_last, int k_first,
                                      int k_last) {
  const TokenPlace q0 = token_place(grid, q_first);
  const TokenPlace q1 = token_place(grid, q_last);
  const TokenPlace k0 = token_place(grid, k_first);
  const TokenPlace k1 = token_place(grid, k_last);
  const int frames_apart = run_distance(q0.frame, q1.frame, k0.frame, k1.frame);
  if (frames_apart > grid.reach_frames && frames_apart > 0) return kNoneCell;
  if (q0.frame != q1.frame || k0.frame != k1.frame) return kMixedCells;
  const int rows_apart = run_distance(q0.row, q1.row, k0.row, k1.row);
  if (rows_apart <= grid.reach_rows) return kMixedCells;
  return q0.frame == k0.frame ? kIntraCell : kNoneCell;
}

struct CellState {
  float max = kNoLogit;
  float z = 0.0f;  ///< sum of e^(s - max)
  float u = 0.0f;  ///< sum of e^(s - max) * (s - max)
};

/// Expresses the state relative to a maximum that is not smaller.
OASIS_DEVICE void raise_cell(CellState& cell, float max) {
  const float shift = cell.max - max;
  const float factor = exp2_approx(shift * kLog2e);
  cell.u = factor * (cell.u + shift * cell.z);
  cell.z *= factor;
  cell.max = max;
}

/// Takes the logits in; kNoLogit stands for none. Sums of the few are formed before they join the
/// long ones, which keeps fp32 accurate over many keys.
template <int count>
OASIS_DEVICE void include_logits(CellState& cell, const float (&logits)[count]) {
  float max = logits[0];
  OASIS_UNROLL for (int i = 1; i < count; ++i) max = fmaxf(max, logits[i]);
  if (max <= kNoLogit) return;
  if (max > cell.max) raise_cell(cell, max);
  float z = 0.0f;
  float u = 0.0f;
  OASIS_UNROLL for (int i = 0; i < count; ++i) {
    const float below = logits[i] - cell.max;
    const float weight = exp2_approx(below * kLog2e);
    z += weight;
    u += weight * below;
  }
  cell.z += z;
  cell.u += u;
}

/// Takes the logits into one of two cells. Chosen value by value, not by address: the states stay
/// in registers.
template <int count>
OASIS_DEVICE void include_in_either(bool second, CellState& a, CellState& b,
                                    const float (&logits)[count]) {
  CellState state;
  state.max = second ? b.max : a.max;
  state.z = second ? b.z : a.z;
  state.u = second ? b.u : a.u;
  include_logits(state, logits);
  const CellState old_a = a;
  const CellState old_b = b;
  a.max = second ? old_a.max : state.max;
  a.z = second ? old_a.z : state.z;
  a.u = second ? old_a.u : state.u;
  b.max = second ? state.max : old_b.max;
  b.z = second ? state.z : old_b.z;
  b.u = second ? state.u : old_b.u;
}

/// The cell's logits of all lanes l ^ mask, mask < lanes, a power of two; the same bits in each.
template <int lanes>
OASIS_DEVICE void merge_lanes(CellState& cell) {
  OASIS_UNROLL for (int mask = 1; mask < lanes; mask *= 2) {
    CellState other;
    other.max = shfl_xor(cell.max, mask);
    other.z = shfl_xor(cell.z, mask);
    other.u = shfl_xor(cell.u, mask);
    const float max = fmaxf(cell.max, other.max);
    raise_cell(cell, max);
    raise_cell(other, max);
    cell.z += other.z;
    cell.u += other.u;
  }
}

OASIS_DEVICE void store_cell(float* target, const CellState& cell) {
  target[0] = cell.z > 0.0f ? cell.max : -INFINITY;
  target[1] = cell.z;
  target[2] = cell.u;
}

}  // namespace oasis::kernels
