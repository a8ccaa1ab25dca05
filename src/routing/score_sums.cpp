#include "oasis/routing/score_sums.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/nn/routing_cells.h"
#include "oasis/routing/cell_statistics.h"
#ifdef OASIS_WITH_CUDA
#include "oasis/nn/routing_cells.h"
#endif

namespace oasis::routing {
namespace {

/// Logits that one thread holds at a time.
constexpr std::int64_t kLogitsPerBlock = 1 << 19;

void check(const at::Tensor& q, const at::Tensor& k, const TokenGrid& grid) {
  if (q.dim() != 4 || q.sizes() != k.sizes() || q.size(1) != grid.count() || q.numel() == 0) {
    throw Error("routing scores: q and k must have one shape [batch, tokens, heads, dim]");
  }
}

/// A half-open range of rows or columns around `place`, cut at the border.
struct Span {
  std::int64_t begin;
  std::int64_t end;
};
Span span_around(std::int64_t place, std::int64_t extent, std::int64_t size) {
  return {std::max<std::int64_t>(place - extent / 2, 0), std::min(place + extent / 2 + 1, size)};
}

/// Sorts the logits of one query into the cells.
class QueryCells {
 public:
  QueryCells(const TokenGrid& grid, const nn::AttentionWindow& window, std::int64_t query)
      : grid_(grid),
        frame_(query / grid.per_frame()),
        frames_(span_around(frame_, window.frames, grid.frames)),
        rows_(span_around(query / grid.cols % grid.rows, window.rows, grid.rows)),
        cols_(span_around(query % grid.cols, window.cols, grid.cols)) {}

  std::array<CellStatistics, kCells> collect(const double* logits) {
    for (std::int64_t frame = 0; frame < grid_.frames; ++frame) {
      take_frame(frame, logits + frame * grid_.per_frame());
    }
    return cells_;
  }

 private:
  CellStatistics& cell(Cell which) { return cells_[static_cast<std::size_t>(which)]; }

  void take_frame(std::int64_t frame, const double* logits) {
    const bool same = frame == frame_;
    CellStatistics& outside = cell(same ? Cell::intra : Cell::none);
    if (frame < frames_.begin || frame >= frames_.end) {
      include(outside, logits, grid_.per_frame());
      return;
    }
    CellStatistics& inside = cell(same ? Cell::both : Cell::window);
    include(outside, logits, rows_.begin * grid_.cols);
    for (std::int64_t row = rows_.begin; row < rows_.end; ++row) {
      const double* line = logits + row * grid_.cols;
      include(outside, line, cols_.begin);
      include(inside, line + cols_.begin, cols_.end - cols_.begin);
      include(outside, line + cols_.end, grid_.cols - cols_.end);
    }
    include(outside, logits + rows_.end * grid_.cols, (grid_.rows - rows_.end) * grid_.cols);
  }

  TokenGrid grid_;
  std::int64_t frame_;
  Span frames_, rows_, cols_;
  std::array<CellStatistics, kCells> cells_;
};

/// The sums over queries `first` to `first + count` of one head; q and k are `[N, D]`.
QueryScores block_sums(const at::Tensor& q, const at::Tensor& k, std::int64_t first,
                       std::int64_t count, const TokenGrid& grid, const ScoreOptions& options) {
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(1)));
  const auto queries = q.narrow(0, first, count).to(at::kDouble) * scale;
  const auto logits = at::matmul(queries, k.to(at::kDouble).t()).contiguous();
  QueryScores sums{};
  for (std::int64_t i = 0; i < count; ++i) {
    QueryCells cells(grid, options.window, first + i);
    const auto scores =
        query_scores(cells.collect(logits.const_data_ptr<double>() + i * k.size(0)), options.eps);
    for (std::size_t s = 0; s < sums.size(); ++s) sums[s] += scores[s];
  }
  return sums;
}

/// The table on a device: by the kernel where there is one for these tensors.
at::Tensor device_cells(const at::Tensor& q, const at::Tensor& k, const TokenGrid& grid,
                        const nn::AttentionWindow& window) {
#ifdef OASIS_WITH_CUDA
  constexpr std::int64_t kernel_head_dim = 256;
  if (q.is_cuda() && q.scalar_type() != at::kDouble && q.size(3) <= kernel_head_dim) {
    return nn::routing_cells(q, k, grid, window);
  }
#endif
  return cell_table(q, k, grid, window);
}

/// Blocks are of a fixed size and their sums are added in their order, so that the number of
/// threads has no influence.
at::Tensor cpu_score_sums(const at::Tensor& q, const at::Tensor& k, const TokenGrid& grid,
                          const ScoreOptions& options) {
  const auto batch = q.size(0), tokens = q.size(1), heads = q.size(2);
  const auto block = std::clamp<std::int64_t>(kLogitsPerBlock / tokens, 1, tokens);
  const auto blocks = (tokens + block - 1) / block;
  std::vector<QueryScores> partial(static_cast<std::size_t>(batch * heads * blocks));
  at::parallel_for(0, batch * heads * blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    const at::NoGradGuard no_grad;
    for (std::int64_t i = begin; i < end; ++i) {
      const auto of_head = [&](const at::Tensor& x) {
        return x.select(0, i / blocks / heads).select(1, i / blocks % heads);
      };
      const auto first = i % blocks * block;
      partial[static_cast<std::size_t>(i)] =
          block_sums(of_head(q), of_head(k), first, std::min(block, tokens - first), grid, options);
    }
  });
  auto sums = at::zeros({batch, heads, static_cast<std::int64_t>(kScores.size()),
                         static_cast<std::int64_t>(kPatterns.size())},
                        at::kDouble);
  auto* out = sums.mutable_data_ptr<double>();
  for (std::size_t i = 0; i < partial.size(); ++i) {
    double* head = out + i / static_cast<std::size_t>(blocks) * kScoresPerHead;
    for (std::size_t s = 0; s < kScoresPerHead; ++s) head[s] += partial[i][s];
  }
  return sums;
}

}  // namespace

void check_score_options(const ScoreOptions& options) {
  nn::check_window(options.window);
  if (!(options.eps > 0 && options.eps < 1)) {
    throw Error(ExitCode::usage, fmt::format("eps {} is not between 0 and 1", options.eps));
  }
}

at::Tensor score_sums(const at::Tensor& q, const at::Tensor& k, const TokenGrid& grid,
                      const ScoreOptions& options) {
  check(q, k, grid);
  check_score_options(options);
  if (q.is_cpu()) return cpu_score_sums(q, k, grid, options);
#ifdef OASIS_WITH_CUDA
  if (q.is_cuda() && q.scalar_type() != at::kDouble) {
    return sum_cell_table(nn::routing_cells(q, k, grid, options.window), options.eps);
  }
#endif
  return sum_cell_table(device_cells(q, k, grid, options.window), options.eps);
}

}  // namespace oasis::routing
