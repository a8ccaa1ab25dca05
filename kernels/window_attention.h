#pragma once

#include <cstdint>

#include "kernels/element.h"

namespace oasis::kernels {

/// A `[B, N, heads, D]` tensor on the device, strides in elements, the last stride 1: a slice of
/// heads of a packed q-k-v buffer is as good as a tensor of its own.
struct TokenView {
  const void* data = nullptr;
  std::int64_t batch_stride = 0;
  std::int64_t token_stride = 0;
  std::int64_t head_stride = 0;
};

/// A `TokenView` that is written.
struct MutableTokenView {
  void* data = nullptr;
  std::int64_t batch_stride = 0;
  std::int64_t token_stride = 0;
  std::int64_t head_stride = 0;
};

/// Window attention (OASIS, eq. 6 and 7): the query at (t, h, w) sees the keys at most
/// (window - 1) / 2 frames, rows and columns away; at the border the window is cut, not shifted.
struct WindowProblem {
  Element element = Element::bf16;  ///< of q, k, v, o and their gradients; sums are fp32
  int batch = 1;
  int heads = 1;
  int head_dim = 128;  ///< 1..256
  int frames = 1;      ///< grid; token (t, h, w) is (t * rows + h) * cols + w
  int rows = 1;
  int cols = 1;
  int window_frames = 3;  ///< odd
  int window_rows = 5;    ///< odd
  int window_cols = 5;    ///< odd
  float scale = 1.0F;     ///< of the logits; positive

  std::int64_t tokens() const { return std::int64_t{frames} * rows * cols; }
};

/// o = softmax(scale q kᵀ) v over each query's window.
struct WindowForward {
  WindowProblem problem;
  TokenView q, k, v;
  MutableTokenView o;
  /// [B, heads, N] natural log of the sum of exp(scaled logit); may be null.
  float* lse = nullptr;
  /// Of the device, to choose between the two fast kernels; 0: the one that needs least.
  int multiprocessors = 0;
  int shared_bytes = 0;  ///< dynamic shared memory that a block may have
};

/// Gradients of `WindowForward`. Windows are symmetric (a query sees a key iff a query in the key's
/// place would see a key in the query's), so dk and dv gather like dq: no atomics, the same bits
/// every time.
struct WindowBackward {
  WindowProblem problem;
  TokenView q, k, v, o, d_o;
  const float* lse = nullptr;  ///< as the forward wrote it
  float* delta = nullptr;      ///< [B, heads, N] workspace; sum over channels of d_o * o
  MutableTokenView dq, dk, dv;
};

/// `fast`: tensor cores; `plain`: CUDA cores, any type, any odd window, head dim up to 256.
enum class WindowPath { fast, plain };

/// Whether the fast kernels take the call: 16-bit elements, head dim 64 or 128, window (3, 5, 5),
/// every row of every tensor on a 16-byte boundary.
bool window_fast_supports(const WindowForward& call);
bool window_fast_supports(const WindowBackward& call);

/// Queue the kernels on `stream`. Throw std::invalid_argument for a call that the path does not
/// take and std::runtime_error for a launch that fails.
void window_attention_forward(const WindowForward& call, WindowPath path, Stream stream);
void window_attention_backward(const WindowBackward& call, WindowPath path, Stream stream);

}  // namespace oasis::kernels
