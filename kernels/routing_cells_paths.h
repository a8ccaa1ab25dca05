#pragma once

#include "kernels/routing_cell_state.h"

namespace oasis::kernels {

/// The tensor-core kernel, for operands that `routing_cells` found fit.
void routing_cells_mma(const RoutingCellsProblem& problem, float* cells, Stream stream);

inline RoutingGrid routing_grid(const RoutingCellsProblem& problem) {
  return {problem.rows,
          problem.cols,
          problem.frames * problem.rows * problem.cols,
          problem.window_frames / 2,
          problem.window_rows / 2,
          problem.window_cols / 2};
}

}  // namespace oasis::kernels
