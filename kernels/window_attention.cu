#include "kernels/window_attention.h"

#include <limits>
#include <stdexcept>

#include "kernels/window_attention_paths.h"
#include "kernels/window_tile.h"

namespace oasis::kernels {
namespace {

constexpr int kLargestGridYZ = 65535;  // blocks a launch may have along y and z
constexpr std::int64_t kLargestInt = std::numeric_limits<int>::max();

void check(const WindowProblem& problem) {
  const auto odd = [](int extent) { return extent > 0 && extent % 2 == 1; };
  const bool sizes =
      problem.batch >= 0 && problem.heads >= 0 && problem.frames >= 0 && problem.rows >= 0 &&
      problem.cols >= 0 && problem.batch <= kLargestGridYZ && problem.heads <= kLargestGridYZ &&
      std::int64_t{problem.batch} * problem.heads <= kLargestInt &&
      std::int64_t{problem.rows} * problem.cols <= kLargestInt && problem.tokens() <= kLargestInt;
  if (!sizes || problem.head_dim < 1 || problem.head_dim > 256 || !(problem.scale > 0)) {
    throw std::invalid_argument("window attention: a size out of range");
  }
  if (!odd(problem.window_frames) || !odd(problem.window_rows) || !odd(problem.window_cols)) {
    throw std::invalid_argument("window attention: every window size must be odd and positive");
  }
}

bool fast_shape(const WindowProblem& problem) {
  using namespace window_tile;
  return problem.element != Element::f32 && (problem.head_dim == 64 || problem.head_dim == 128) &&
         problem.window_frames == 2 * kReachFrames + 1 && problem.window_rows == 2 * kReach + 1 &&
         problem.window_cols == 2 * kReach + 1;
}

/// Whether every row begins on a 16-byte boundary (elements of 16 bits).
template <class View>
bool rows_aligned(const View& view) {
  return reinterpret_cast<std::uintptr_t>(view.data) % 16 == 0 &&
         view.batch_stride % window_tile::kChunk == 0 &&
         view.token_stride % window_tile::kChunk == 0 &&
         view.head_stride % window_tile::kChunk == 0;
}

template <class... Views>
bool all_rows_aligned(const Views&... views) {
  return (rows_aligned(views) && ...);
}

void check_fast(bool supported) {
  if (!supported) throw std::invalid_argument("window attention: not a call for the fast kernels");
}

}  // namespace

int window_paths::rolling_segment(const WindowForward& call) {
  using namespace window_tile;
  using Block = BlockShape<2, 2>;
  const auto& problem = call.problem;
  const int needed =
      4 * Block::kHaloTokens * problem.head_dim * 2;  // two stages of keys and values
  if (call.multiprocessors <= 0 || call.shared_bytes < needed) return 0;
  const auto pieces = [](std::int64_t whole, std::int64_t piece) {
    return (whole + piece - 1) / piece;
  };
  const std::int64_t columns = pieces(problem.rows, Block::kRows) *
                               pieces(problem.cols, Block::kCols) * problem.heads * problem.batch;
  int best = 0;
  std::int64_t fewest = 0;
  for (int segment = problem.frames; segment > 0; --segment) {
    const std::int64_t blocks = columns * pieces(problem.frames, segment);
    const std::int64_t steps = pieces(blocks, call.multiprocessors) * (segment + 2 * kReachFrames);
    if (blocks < call.multiprocessors || (best != 0 && steps >= fewest)) continue;
    best = segment;
    fewest = steps;
  }
  return best;
}

bool window_fast_supports(const WindowForward& call) {
  return fast_shape(call.problem) && all_rows_aligned(call.q, call.k, call.v, call.o);
}

bool window_fast_supports(const WindowBackward& call) {
  return fast_shape(call.problem) &&
         all_rows_aligned(call.q, call.k, call.v, call.o, call.d_o, call.dq, call.dk, call.dv);
}

void window_attention_forward(const WindowForward& call, WindowPath path, Stream stream) {
  check(call.problem);
  if (path == WindowPath::plain) return window_paths::forward_plain(call, stream);
  check_fast(window_fast_supports(call));
  if (const int segment = window_paths::rolling_segment(call); segment > 0) {
    return window_paths::forward_rolling(call, segment, stream);
  }
  window_paths::forward_mma(call, stream);
}

void window_attention_backward(const WindowBackward& call, WindowPath path, Stream stream) {
  check(call.problem);
  if (path == WindowPath::fast) check_fast(window_fast_supports(call));
  window_paths::row_delta(call, stream);
  if (path == WindowPath::plain) return window_paths::backward_plain(call, stream);
  window_paths::dq_mma(call, stream);
  window_paths::dk_dv_mma(call, stream);
}

}  // namespace oasis::kernels
