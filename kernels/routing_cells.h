#pragma once

#include <cstdint>

#include "kernels/element.h"

namespace oasis::kernels {

/// A tensor `[batch, tokens, heads, head_dim]` by its strides in elements; that of the head dim
/// is 1.
struct RoutingOperand {
  const void* data;
  std::int64_t batch_stride;
  std::int64_t token_stride;
  std::int64_t head_stride;
};

struct RoutingCellsProblem {
  Element element;
  RoutingOperand q;
  RoutingOperand k;
  int batch;
  int heads;
  int head_dim;  ///< 1 to 256
  int frames;    ///< the grid: token (t, h, w) is (t * rows + h) * cols + w
  int rows;
  int cols;
  int window_frames;  ///< odd
  int window_rows;    ///< odd
  int window_cols;    ///< odd
  float scale;        ///< of the logits, 1 / sqrt(head_dim)
};

constexpr int kRoutingCells = 4;  ///< routing::Cell: both, intra, window, none
constexpr int kFloatsPerRoutingCell = 3;

/// One pass over the keys of every query: `cells` `[batch, heads, tokens, 4, 3]` receives of each
/// cell of keys the largest scaled logit m, the sum z of e^(s - m) and the sum u of e^(s - m) (s -
/// m), in fp32; -inf, 0, 0 for a cell without keys. No attention map is kept. 16-bit operands of 64
/// or 128 channels on 16-byte boundaries run on tensor cores, all else plainly. Throws
/// std::runtime_error for an even window or a head dim out of range.
void routing_cells(const RoutingCellsProblem& problem, float* cells, Stream stream);

/// The plain kernel for any operands: the tensor-core kernel's partner in tests.
void routing_cells_plain(const RoutingCellsProblem& problem, float* cells, Stream stream);

}  // namespace oasis::kernels
