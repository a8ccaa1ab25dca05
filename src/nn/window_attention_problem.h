#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

// What the CPU kernels of window attention work on. A tile is a box of tokens of one head, at most
// `kLanes` columns wide; its results depend on nothing but the inputs, so tiles may be computed in
// any order and by any number of threads.

namespace oasis::nn::window_cpu {

constexpr std::int64_t kLanes = 16;  ///< columns of a tile

/// The type of all arithmetic on tensors of `T`.
template <class T>
using Real = std::conditional_t<std::is_same_v<T, double>, double, float>;

/// A tensor `[B, N, heads, D]` with last stride 1; strides in elements.
template <class T>
struct Tokens {
  T* data = nullptr;
  std::int64_t batch_stride = 0;
  std::int64_t token_stride = 0;
  std::int64_t head_stride = 0;

  T* at(std::int64_t batch, std::int64_t token, std::int64_t head) const {
    return data + batch * batch_stride + token * token_stride + head * head_stride;
  }
};

struct Shape {
  std::int64_t batch = 0, heads = 0, dim = 0;
  std::int64_t frames = 0, rows = 0, cols = 0;
  std::int64_t reach_frames = 0, reach_rows = 0, reach_cols = 0;  ///< at most extent - 1
  std::int64_t tile_frames = 1, tile_rows = 1;                    ///< of a whole tile
  double scale = 1;                                               ///< of the logits

  std::int64_t tokens() const { return frames * rows * cols; }
  std::int64_t token(std::int64_t t, std::int64_t h, std::int64_t w) const {
    return (t * rows + h) * cols + w;
  }

  // The most frames near a token, rows near a tile and column offsets in a tile.
  std::int64_t most_frames() const { return std::min(2 * reach_frames + 1, frames); }
  std::int64_t most_rows() const { return std::min(tile_rows + 2 * reach_rows, rows); }
  std::int64_t most_shifts() const { return std::min(2 * reach_cols + 1, cols + kLanes - 1); }

  std::int64_t tiles() const {
    const auto along = [](std::int64_t n, std::int64_t size) { return (n + size - 1) / size; };
    return batch * heads * along(frames, tile_frames) * along(rows, tile_rows) *
           along(cols, kLanes);
  }
};

/// Positions first <= i < end.
struct Span {
  std::int64_t first = 0, end = 0;
  std::int64_t size() const { return end - first; }
};

/// The positions of an axis of `extent` within `reach` of those of `own`.
inline Span around(Span own, std::int64_t reach, std::int64_t extent) {
  return {std::max<std::int64_t>(0, own.first - reach), std::min(extent, own.end + reach)};
}

inline Span intersection(Span a, Span b) {
  return {std::max(a.first, b.first), std::min(a.end, b.end)};
}

struct Tile {
  std::int64_t batch = 0, head = 0;
  Span frames, rows, cols;
  Span shifts;  ///< the offsets from a token's column to its neighbours' columns that can occur
};

/// Tile `index` of `shape.tiles()`; neighbours in the grid have neighbouring indices.
inline Tile tile_at(const Shape& shape, std::int64_t index) {
  const auto next = [&index](std::int64_t extent, std::int64_t size) {
    const auto count = (extent + size - 1) / size, first = index % count * size;
    index /= count;
    return Span{first, std::min(extent, first + size)};
  };
  Tile tile;
  tile.cols = next(shape.cols, kLanes);
  tile.rows = next(shape.rows, shape.tile_rows);
  tile.frames = next(shape.frames, shape.tile_frames);
  tile.head = index % shape.heads;
  tile.batch = index / shape.heads;
  tile.shifts = {std::max(-shape.reach_cols, -(tile.cols.first + kLanes - 1)),
                 std::min(shape.reach_cols, shape.cols - 1 - tile.cols.first) + 1};
  return tile;
}

/// The arrays of one thread, in elements. Rows of tokens are held channel by channel.
struct Workspace {
  std::int64_t own_stride = 0;        ///< one row of the tile: [D + 1][kLanes]
  std::int64_t own = 0;               ///< all rows of the tile
  std::int64_t neighbour_stride = 0;  ///< of a channel of a neighbouring row: lanes and reach
  std::int64_t neighbour = 0;         ///< a neighbouring row: [D][neighbour_stride]
  std::int64_t logits_stride = 0;     ///< of a row of the tile: [frames][rows][shifts][kLanes]
  std::int64_t forward = 0;           ///< elements of a forward pass
  std::int64_t backward = 0;          ///< elements of either backward pass

  explicit Workspace(const Shape& s) {
    const auto rows = s.tile_frames * s.tile_rows;
    own_stride = (s.dim + 1) * kLanes;
    own = rows * own_stride;
    neighbour_stride = (kLanes + s.most_shifts() - 1 + kLanes - 1) / kLanes * kLanes;
    neighbour = s.dim * neighbour_stride;
    logits_stride = s.most_frames() * s.most_rows() * s.most_shifts() * kLanes;
    const auto bias = s.most_shifts() * kLanes;
    forward = 2 * own + neighbour + rows * (logits_stride + kLanes) + bias;
    backward = 4 * own + 2 * (neighbour + s.tile_rows * bias) + 2 * rows * kLanes +
               2 * neighbour_stride + bias + kLanes;
  }
};

template <class T>
struct ForwardArgs {
  Shape shape;
  Tokens<const T> q, k, v;
  Tokens<T> out;
  Real<T>* lse = nullptr;  ///< [B, heads, N]
};

template <class T>
struct BackwardArgs {
  Shape shape;
  Tokens<const T> grad, q, k, v, out;
  const Real<T>* lse = nullptr;  ///< [B, heads, N]
  Real<T>* delta = nullptr;      ///< [B, heads, N]: sum of grad * out, made by the query pass
  Tokens<T> dq, dk, dv;
};

}  // namespace oasis::nn::window_cpu
