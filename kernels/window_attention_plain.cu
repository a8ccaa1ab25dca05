// Window attention on CUDA cores: sixteen lanes share a token and gather its neighbourhood key by
// key. Any element type, odd window and head dim up to 256; the partner the fast kernels are tested
// against. Forward and backward are one walk over the neighbourhood with different sums.

#include <device_intrinsics.h>

#include <algorithm>
#include <cmath>

#include "kernels/window_attention_paths.h"

namespace oasis::kernels {
namespace {

constexpr int kLanes = 16;  ///< lanes that share a token
constexpr int kThreads = 128;
constexpr int kTokensPerBlock = kThreads / kLanes;
constexpr float kLog2E = 1.4426950408889634F;

struct Geometry {
  int frames, rows, cols;
  int reach_frames, reach_rows, reach_cols;  ///< at most the grid's size - 1
  int head_dim;
  float scale;
};

Geometry geometry_of(const WindowProblem& problem) {
  const auto reach = [](int window, int length) { return std::min(window / 2, length - 1); };
  return {problem.frames,
          problem.rows,
          problem.cols,
          reach(problem.window_frames, problem.frames),
          reach(problem.window_rows, problem.rows),
          reach(problem.window_cols, problem.cols),
          problem.head_dim,
          problem.scale};
}

/// The part of one row that a lane holds: channels in groups of kGroup neighbours, a group every
/// kLanes * kGroup channels. kGroup elements are read at once: 16 bytes, or one element for rows
/// that do not begin on 16-byte boundaries.
template <class T, int kGroup, int kSlots>
struct Slice {
  float x[kSlots];

  OASIS_DEVICE static int channel(int slot) {
    return (slot / kGroup * kLanes + thread_index() % kLanes) * kGroup + slot % kGroup;
  }

  /// Channels beyond `head_dim`, or all without a `row`, are zero.
  OASIS_DEVICE void load(const T* row, int head_dim) {
    OASIS_UNROLL
    for (int slot = 0; slot < kSlots; slot += kGroup) {
      const bool exists = row != nullptr && channel(slot) < head_dim;
      alignas(16) T group[kGroup] = {};
      if (exists && kGroup > 1) {
        const Vec16 bits = load_16(row + channel(slot));
        memcpy(static_cast<void*>(group), &bits, sizeof group);
      } else if (exists) {
        group[0] = row[channel(slot)];
      }
      OASIS_UNROLL
      for (int i = 0; i < kGroup; ++i) x[slot + i] = exists ? to_float(group[i]) : 0.0F;
    }
  }

  OASIS_DEVICE void store(T* row, int head_dim, float factor) const {
    OASIS_UNROLL
    for (int slot = 0; slot < kSlots; ++slot) {
      if (channel(slot) < head_dim) row[channel(slot)] = from_float<T>(x[slot] * factor);
    }
  }

  OASIS_DEVICE void clear() {
    OASIS_UNROLL
    for (int slot = 0; slot < kSlots; ++slot) x[slot] = 0.0F;
  }

  /// x = x * keep + other * weight.
  OASIS_DEVICE void add(const Slice& other, float weight, float keep = 1.0F) {
    OASIS_UNROLL
    for (int slot = 0; slot < kSlots; ++slot) x[slot] = x[slot] * keep + other.x[slot] * weight;
  }
};

/// Scalar product of two rows; every lane of the token gets it.
template <class Part>
OASIS_DEVICE float dot(const Part& a, const Part& b) {
  float sum = 0.0F;
  OASIS_UNROLL
  for (int slot = 0; slot < static_cast<int>(sizeof(a.x) / sizeof(float)); ++slot) {
    sum += a.x[slot] * b.x[slot];
  }
  OASIS_UNROLL
  for (int mask = kLanes / 2; mask > 0; mask /= 2) sum += shfl_xor(sum, mask);
  return sum;
}

/// Rows of the batch entry and head that a block works on.
template <class T>
struct Rows {
  T* first;
  std::int64_t stride;

  OASIS_DEVICE T* at(std::int64_t token) const {
    return token < 0 ? nullptr : first + token * stride;
  }
};

template <class T, class View>
OASIS_DEVICE Rows<T> rows_of_block(const View& view) {
  const Index3 block = block_index();
  return {static_cast<T*>(view.data) + block.z * view.batch_stride + block.y * view.head_stride,
          view.token_stride};
}

/// The token that the calling lane works on, -1 beyond the last.
OASIS_DEVICE std::int64_t own_token(std::int64_t count) {
  const std::int64_t token =
      static_cast<std::int64_t>(block_index().x) * kTokensPerBlock + thread_index() / kLanes;
  return token < count ? token : -1;
}

/// Where values of one float per token of this batch entry and head begin.
OASIS_DEVICE std::int64_t first_of_head(std::int64_t count) {
  return (static_cast<std::int64_t>(block_index().z) * grid_size().y + block_index().y) * count;
}

OASIS_DEVICE std::int64_t token_count(const Geometry& g) {
  return static_cast<std::int64_t>(g.frames) * g.rows * g.cols;
}

/// Calls f(neighbour) for every place of the window around `token`, with -1 for places outside the
/// grid: all lanes of a warp make the same calls, and f may shuffle.
template <class F>
OASIS_DEVICE void for_each_neighbour(const Geometry& g, std::int64_t token, F f) {
  const int col = static_cast<int>(token % g.cols);
  const int row = static_cast<int>(token / g.cols % g.rows);
  const int frame = static_cast<int>(token / (static_cast<std::int64_t>(g.cols) * g.rows));
  for (int t = frame - g.reach_frames; t <= frame + g.reach_frames; ++t) {
    for (int h = row - g.reach_rows; h <= row + g.reach_rows; ++h) {
      for (int w = col - g.reach_cols; w <= col + g.reach_cols; ++w) {
        const bool inside =
            token >= 0 && t >= 0 && t < g.frames && h >= 0 && h < g.rows && w >= 0 && w < g.cols;
        f(inside ? (static_cast<std::int64_t>(t) * g.rows + h) * g.cols + w : -1);
      }
    }
  }
}

template <class T, int kGroup, int kSlots>
OASIS_KERNEL(kThreads, 1)
void window_forward_plain_kernel(Geometry g, TokenView q, TokenView k, TokenView v,
                                 MutableTokenView o, float* lse) {
  using Part = Slice<T, kGroup, kSlots>;
  const std::int64_t count = token_count(g);
  const std::int64_t token = own_token(count);
  const Rows<const T> keys = rows_of_block<const T>(k), values = rows_of_block<const T>(v);
  Part query, output;
  query.load(rows_of_block<const T>(q).at(token), g.head_dim);
  output.clear();
  const float log2_scale = g.scale * kLog2E;
  float top = -1e30F, sum = 0.0F;
  for_each_neighbour(g, token, [&](std::int64_t neighbour) {
    Part key, value;
    key.load(keys.at(neighbour), g.head_dim);
    value.load(values.at(neighbour), g.head_dim);
    const float logit = dot(query, key);
    const float highest = neighbour >= 0 ? fmaxf(top, logit) : top;
    const float keep = exp2_approx((top - highest) * log2_scale);
    const float weight = neighbour >= 0 ? exp2_approx((logit - highest) * log2_scale) : 0.0F;
    output.add(value, weight, keep);
    sum = sum * keep + weight;
    top = highest;
  });
  if (token < 0) return;
  output.store(rows_of_block<T>(o).at(token), g.head_dim, 1.0F / sum);
  if (lse != nullptr && thread_index() % kLanes == 0) {
    lse[first_of_head(count) + token] = top * g.scale + logf(sum);
  }
}

template <class T, int kGroup, int kSlots>
OASIS_KERNEL(kThreads, 1)
void window_delta_kernel(Geometry g, TokenView o, TokenView d_o, float* delta) {
  using Part = Slice<T, kGroup, kSlots>;
  const std::int64_t count = token_count(g);
  const std::int64_t token = own_token(count);
  Part output, d_output;
  output.load(rows_of_block<const T>(o).at(token), g.head_dim);
  d_output.load(rows_of_block<const T>(d_o).at(token), g.head_dim);
  const float sum = dot(output, d_output);
  if (token >= 0 && thread_index() % kLanes == 0) delta[first_of_head(count) + token] = sum;
}

template <class T, int kGroup, int kSlots>
OASIS_KERNEL(kThreads, 1)
void window_dq_plain_kernel(Geometry g, TokenView q, TokenView k, TokenView v, TokenView d_o,
                            const float* lse, const float* delta, MutableTokenView dq) {
  using Part = Slice<T, kGroup, kSlots>;
  const std::int64_t count = token_count(g);
  const std::int64_t token = own_token(count);
  const Rows<const T> keys = rows_of_block<const T>(k), values = rows_of_block<const T>(v);
  Part query, d_output, d_query;
  query.load(rows_of_block<const T>(q).at(token), g.head_dim);
  d_output.load(rows_of_block<const T>(d_o).at(token), g.head_dim);
  d_query.clear();
  const std::int64_t own = first_of_head(count) + (token < 0 ? 0 : token);
  const float own_lse = lse[own], own_delta = delta[own];
  for_each_neighbour(g, token, [&](std::int64_t neighbour) {
    Part key, value;
    key.load(keys.at(neighbour), g.head_dim);
    value.load(values.at(neighbour), g.head_dim);
    const float logit = dot(query, key) * g.scale;
    const float weight = neighbour >= 0 ? exp2_approx((logit - own_lse) * kLog2E) : 0.0F;
    d_query.add(key, weight * (dot(d_output, value) - own_delta));
  });
  if (token >= 0) d_query.store(rows_of_block<T>(dq).at(token), g.head_dim, g.scale);
}

/// The own token is a key; its neighbours are the queries that see it.
template <class T, int kGroup, int kSlots>
OASIS_KERNEL(kThreads, 1)
void window_dk_dv_plain_kernel(Geometry g, TokenView q, TokenView k, TokenView v, TokenView d_o,
                               const float* lse, const float* delta, MutableTokenView dk,
                               MutableTokenView dv) {
  using Part = Slice<T, kGroup, kSlots>;
  const std::int64_t count = token_count(g);
  const std::int64_t token = own_token(count);
  const Rows<const T> queries = rows_of_block<const T>(q), d_outputs = rows_of_block<const T>(d_o);
  const float* lse_of_head = lse + first_of_head(count);
  const float* delta_of_head = delta + first_of_head(count);
  Part key, value, d_key, d_value;
  key.load(rows_of_block<const T>(k).at(token), g.head_dim);
  value.load(rows_of_block<const T>(v).at(token), g.head_dim);
  d_key.clear();
  d_value.clear();
  for_each_neighbour(g, token, [&](std::int64_t neighbour) {
    Part query, d_output;
    query.load(queries.at(neighbour), g.head_dim);
    d_output.load(d_outputs.at(neighbour), g.head_dim);
    const float logit = dot(query, key) * g.scale;
    const float d_weight = dot(d_output, value);
    const bool exists = neighbour >= 0;
    const float weight = exists ? exp2_approx((logit - lse_of_head[neighbour]) * kLog2E) : 0.0F;
    d_value.add(d_output, weight);
    d_key.add(query, exists ? weight * (d_weight - delta_of_head[neighbour]) : 0.0F);
  });
  if (token < 0) return;
  d_key.store(rows_of_block<T>(dk).at(token), g.head_dim, g.scale);
  d_value.store(rows_of_block<T>(dv).at(token), g.head_dim, 1.0F);
}

/// Whether 16 bytes can be read at any group of `group` elements of every row.
template <class... Views>
bool whole_groups(const WindowProblem& problem, int group, const Views&... views) {
  const auto aligned = [&](const auto& view) {
    return reinterpret_cast<std::uintptr_t>(view.data) % 16 == 0 &&
           view.batch_stride % group == 0 && view.token_stride % group == 0 &&
           view.head_stride % group == 0;
  };
  return problem.head_dim % group == 0 && (aligned(views) && ...);
}

template <class T, int group, int slots>
struct Variant {
  using Type = T;
  static constexpr int kGroup = group;
  static constexpr int kSlots = slots;
};

/// Calls `f` with the variant for the element type, the alignment of the rows and the head dim.
template <class F, class... Views>
void with_variant(const WindowProblem& problem, F f, const Views&... views) {
  with_element(problem.element, [&](auto type) {
    using T = typename decltype(type)::Type;
    constexpr int kGroup = 16 / static_cast<int>(sizeof(T));
    const bool whole = whole_groups(problem, kGroup, views...);
    if (problem.head_dim <= 8 * kLanes) {
      return whole ? f(Variant<T, kGroup, 8>{}) : f(Variant<T, 1, 8>{});
    }
    return whole ? f(Variant<T, kGroup, 16>{}) : f(Variant<T, 1, 16>{});
  });
}

Index3 blocks_of(const WindowProblem& problem) {
  const std::int64_t blocks = (problem.tokens() + kTokensPerBlock - 1) / kTokensPerBlock;
  return {static_cast<int>(blocks), problem.heads, problem.batch};
}

}  // namespace

void window_paths::forward_plain(const WindowForward& call, Stream stream) {
  const auto run = [&](auto variant) {
    using V = decltype(variant);
    launch("window_forward_plain", blocks_of(call.problem), kThreads, 0, stream,
           window_forward_plain_kernel<typename V::Type, V::kGroup, V::kSlots>,
           geometry_of(call.problem), call.q, call.k, call.v, call.o, call.lse);
  };
  with_variant(call.problem, run, call.q, call.k, call.v);
}

void window_paths::row_delta(const WindowBackward& call, Stream stream) {
  const auto run = [&](auto variant) {
    using V = decltype(variant);
    launch("window_delta", blocks_of(call.problem), kThreads, 0, stream,
           window_delta_kernel<typename V::Type, V::kGroup, V::kSlots>, geometry_of(call.problem),
           call.o, call.d_o, call.delta);
  };
  with_variant(call.problem, run, call.o, call.d_o);
}

void window_paths::backward_plain(const WindowBackward& call, Stream stream) {
  const auto run = [&](auto variant) {
    using V = decltype(variant);
    const Geometry g = geometry_of(call.problem);
    launch("window_dq_plain", blocks_of(call.problem), kThreads, 0, stream,
           window_dq_plain_kernel<typename V::Type, V::kGroup, V::kSlots>, g, call.q, call.k,
           call.v, call.d_o, call.lse, call.delta, call.dq);
    launch("window_dk_dv_plain", blocks_of(call.problem), kThreads, 0, stream,
           window_dk_dv_plain_kernel<typename V::Type, V::kGroup, V::kSlots>, g, call.q, call.k,
           call.v, call.d_o, call.lse, call.delta, call.dk, call.dv);
  };
  with_variant(call.problem, run, call.q, call.k, call.v, call.d_o);
}

}  // namespace oasis::kernels
