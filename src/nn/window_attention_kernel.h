#pragma once

#include "nn/window_attention_problem.h"

namespace oasis::nn::window_cpu {

/// The passes over the tiles of a span, compiled for one instruction set. `memory` holds the
/// elements that `Workspace` asks for, at any alignment.
template <class T>
struct Passes {
  void (*forward)(const ForwardArgs<T>& args, Span tiles, Real<T>* memory);
  /// dq and delta; before `key_gradients`, which needs delta.
  void (*query_gradients)(const BackwardArgs<T>& args, Span tiles, Real<T>* memory);
  void (*key_gradients)(const BackwardArgs<T>& args, Span tiles, Real<T>* memory);
};

// For T = float, double, c10::BFloat16 and c10::Half.
template <class T>
Passes<T> baseline_passes();
#if defined(__x86_64__)
template <class T>
Passes<T> avx2_passes();
template <class T>
Passes<T> avx512_passes();
#endif

}  // namespace oasis::nn::window_cpu
