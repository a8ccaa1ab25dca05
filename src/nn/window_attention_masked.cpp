#include "oasis/nn/window_attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace oasis::nn {
namespace {

constexpr std::int64_t kBlock = 8;  ///< rows and columns of one block of queries

/// One axis cut into blocks: which query and key positions each block takes, and which pairs of
/// them lie within reach. Positions past the border are clamped and never within reach as keys.
struct AxisBlocks {
  at::Tensor queries;    ///< [blocks, q] positions
  at::Tensor keys;       ///< [blocks, k] positions
  at::Tensor reachable;  ///< [blocks, q, k] bool
  at::Tensor block_of;   ///< [length] the block that holds a position
  at::Tensor place_in;   ///< [length] its place among the block's queries
};

AxisBlocks cut_axis(std::int64_t length, std::int64_t window, at::Device device) {
  const auto options = at::TensorOptions().dtype(at::kLong).device(device);
  const auto size = std::min(kBlock, length);
  const auto blocks = (length + size - 1) / size;
  const auto reach = std::min(window / 2, length - 1);
  const auto starts = (at::arange(blocks, options) * size).unsqueeze(1);
  const auto queries = starts + at::arange(size, options);
  const auto keys = starts + at::arange(-reach, size + reach, options);
  const auto exists = keys.ge(0).logical_and(keys.lt(length)).unsqueeze(1);
  // Queries past the border are never read back, but must see some key to stay free of NaN.
  const auto clamped = queries.clamp(0, length - 1);
  const auto near = (clamped.unsqueeze(2) - keys.unsqueeze(1)).abs().le(reach);
  const auto positions = at::arange(length, options);
  return {clamped, keys.clamp(0, length - 1), exists.logical_and(near),
          positions.floor_divide(size), positions.remainder(size)};
}

/// The blocks of one frame.
struct FrameBlocks {
  at::Tensor queries;  ///< [blocks * q] token of the frame
  at::Tensor keys;     ///< [blocks, k] token of the frame
  at::Tensor bias;     ///< [blocks, q, k] 0 within reach, -inf elsewhere
  at::Tensor read;     ///< [rows * cols] where each token's result stands in [blocks * q]
  std::int64_t count = 0;
};

FrameBlocks cut_frame(const TokenGrid& grid, const AttentionWindow& window,
                      const at::TensorOptions& options) {
  const auto r = cut_axis(grid.rows, window.rows, options.device());
  const auto c = cut_axis(grid.cols, window.cols, options.device());
  const auto br = r.queries.size(0), qr = r.queries.size(1), kr = r.keys.size(1);
  const auto bc = c.queries.size(0), qc = c.queries.size(1), kc = c.keys.size(1);
  const auto tokens = [&](const at::Tensor& rows, const at::Tensor& cols) {
    return rows.view({br, 1, -1, 1}) * grid.cols + cols.view({1, bc, 1, -1});
  };
  FrameBlocks frame;
  frame.count = br * bc;
  frame.queries = tokens(r.queries, c.queries).reshape({-1});
  frame.keys = tokens(r.keys, c.keys).reshape({frame.count, kr * kc});
  const auto reachable = r.reachable.view({br, 1, qr, 1, kr, 1})
                             .logical_and(c.reachable.view({1, bc, 1, qc, 1, kc}))
                             .reshape({frame.count, qr * qc, kr * kc});
  frame.bias = at::zeros(reachable.sizes(), options)
                   .masked_fill_(reachable.logical_not(), -std::numeric_limits<double>::infinity());
  const auto block = r.block_of.unsqueeze(1) * bc + c.block_of.unsqueeze(0);
  const auto place = r.place_in.unsqueeze(1) * qc + c.place_in.unsqueeze(0);
  frame.read = (block * (qr * qc) + place).reshape({-1});
  return frame;
}

/// All queries of frame `t`: q `[B, S, heads, D]` of that frame, k and v of `near` frames.
at::Tensor attend_frame(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                        const FrameBlocks& frame, std::int64_t per_frame) {
  const auto batch = q.size(0), heads = q.size(2), dim = q.size(3);
  const auto near = k.size(1) / per_frame;
  const auto offsets =
      at::arange(near, at::TensorOptions().dtype(at::kLong).device(q.device())) * per_frame;
  const auto key_index = (frame.keys.unsqueeze(1) + offsets.view({1, near, 1})).reshape({-1});
  const auto blocked = [&](const at::Tensor& x, const at::Tensor& index) {
    return x.index_select(1, index).view({batch * frame.count, -1, heads, dim}).transpose(1, 2);
  };
  const auto bias = frame.bias.repeat({batch, 1, near}).unsqueeze(1);
  const auto out = at::scaled_dot_product_attention(
      blocked(q, frame.queries), blocked(k, key_index), blocked(v, key_index), bias);
  return out.transpose(1, 2).reshape({batch, -1, heads, dim}).index_select(1, frame.read);
}

}  // namespace

at::Tensor masked_window_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                   const TokenGrid& grid, const AttentionWindow& window) {
  const auto frame = cut_frame(grid, window, q.options().requires_grad(false));
  const auto per_frame = grid.per_frame();
  const auto reach = window.frames / 2;
  std::vector<at::Tensor> parts;
  for (std::int64_t t = 0; t < grid.frames; ++t) {
    const auto first = std::max<std::int64_t>(0, t - reach);
    const auto last = std::min(grid.frames - 1, t + reach);
    const auto box = [&](const at::Tensor& x) {
      return x.narrow(1, first * per_frame, (last - first + 1) * per_frame);
    };
    parts.push_back(
        attend_frame(q.narrow(1, t * per_frame, per_frame), box(k), box(v), frame, per_frame));
  }
  return at::cat(parts, 1);
}

}  // namespace oasis::nn
