#include "oasis/nn/routed_attention.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>

#include "oasis/core/error.h"
#include "oasis/nn/dense_attention.h"
#include "oasis/nn/window_attention.h"
#ifdef OASIS_WITH_CUDA
#include "oasis/nn/window_attention_cuda.h"
#endif

namespace oasis::nn {
namespace {

/// Full attention with the frames as the batch (eq. 5).
at::Tensor intra_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const TokenGrid& grid) {
  const auto frames = [&](const at::Tensor& x) {
    return x.reshape({x.size(0) * grid.frames, grid.per_frame(), x.size(2), x.size(3)});
  };
  return dense_attention(frames(q), frames(k), frames(v)).reshape(q.sizes());
}

void check(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const TokenGrid& grid,
           const std::vector<HeadKind>& kinds, const AttentionWindow& window) {
  if (q.dim() != 4 || q.sizes() != k.sizes() || q.sizes() != v.sizes()) {
    throw Error("routed attention: q, k and v must have one shape [batch, tokens, heads, dim]");
  }
  if (q.scalar_type() != k.scalar_type() || q.scalar_type() != v.scalar_type()) {
    throw Error("routed attention: q, k and v must have one data type");
  }
  if (q.size(1) != grid.count()) {
    throw Error(fmt::format("routed attention: {} tokens do not fill a grid of {} x {} x {}",
                            q.size(1), grid.frames, grid.rows, grid.cols));
  }
  if (q.size(2) != static_cast<std::int64_t>(kinds.size())) {
    throw Error(
        fmt::format("routed attention: {} heads but {} head kinds; the head map belongs "
                    "to another model",
                    q.size(2), kinds.size()));
  }
  check_window(window);
}

at::Tensor attend(HeadKind kind, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                  const TokenGrid& grid, const AttentionWindow& window) {
  switch (kind) {
    case HeadKind::intra:
      return intra_attention(q, k, v, grid);
    case HeadKind::window:
      return window_attention(q, k, v, grid, window);
    case HeadKind::global:
      break;
  }
  return dense_attention(q, k, v);
}

/// The same into heads of a larger tensor; no record for autograd.
void attend_into(const at::Tensor& out, HeadKind kind, const at::Tensor& q, const at::Tensor& k,
                 const at::Tensor& v, const TokenGrid& grid, const AttentionWindow& window) {
#ifdef OASIS_WITH_CUDA
  if (kind == HeadKind::window && window_cuda::supports(q)) {
    return window_cuda::forward_into(out, q, k, v, grid, window);
  }
#endif
  out.copy_(attend(kind, q, k, v, grid, window));
}

}  // namespace

std::string to_string(HeadKind kind) {
  if (kind == HeadKind::intra) return "intra";
  return kind == HeadKind::window ? "window" : "global";
}

HeadKind head_kind_from(const std::string& name) {
  for (const auto kind : {HeadKind::global, HeadKind::intra, HeadKind::window}) {
    if (name == to_string(kind)) return kind;
  }
  throw Error(ExitCode::usage,
              fmt::format("head kind '{}' is none of global, intra, window", name));
}

void check_window(const AttentionWindow& window) {
  for (const auto extent : {window.frames, window.rows, window.cols}) {
    if (extent < 1 || extent % 2 == 0) {
      throw Error(ExitCode::usage,
                  fmt::format("attention window {} x {} x {}: every size must be odd and positive; "
                              "an even size P has no middle, and offsets up to P / 2 (eq. 6) would "
                              "span P + 1 tokens",
                              window.frames, window.rows, window.cols));
    }
  }
}

at::Tensor routed_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const TokenGrid& grid, const std::vector<HeadKind>& kinds,
                            const AttentionWindow& window) {
  check(q, k, v, grid, kinds, window);
  std::vector<at::Tensor> parts;
  // Without a record for autograd the CUDA window kernel writes its heads where they belong.
  const bool mixed =
      std::any_of(kinds.begin(), kinds.end(), [&](HeadKind kind) { return kind != kinds[0]; });
  const bool in_place = mixed && q.is_cuda() && !at::GradMode::is_enabled();
  const auto out = in_place ? at::empty(q.sizes(), q.options()) : at::Tensor();
  for (std::size_t first = 0; first < kinds.size();) {
    auto end = first + 1;
    while (end < kinds.size() && kinds[end] == kinds[first]) ++end;
    const auto run = [&](const at::Tensor& x) {
      return x.narrow(2, static_cast<std::int64_t>(first), static_cast<std::int64_t>(end - first));
    };
    if (in_place) {
      attend_into(run(out), kinds[first], run(q), run(k), run(v), grid, window);
    } else {
      parts.push_back(attend(kinds[first], run(q), run(k), run(v), grid, window));
    }
    first = end;
  }
  if (in_place) return out;
  return parts.size() == 1 ? parts.front() : at::cat(parts, 2);
}

}  // namespace oasis::nn
