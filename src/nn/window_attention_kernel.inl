// Window attention for one instruction set. The including file has included every header needed,
// switched the compiler to the instruction set (so that nothing from those headers is compiled for
// it) and defined
//   OASIS_ISA           the name of a namespace and of the function `<name>_passes`
//   OASIS_VECTOR_BYTES  the size of a vector
//   OASIS_BLOCK_ROWS    rows of a register block: 5 with 32 registers, 2 with 16

namespace oasis::nn::window_cpu {
namespace OASIS_ISA {

#include "nn/window_attention_simd.inl"
//
#include "nn/window_attention_blocks.inl"
//
#include "nn/window_attention_tile.inl"
//
#include "nn/window_attention_forward.inl"
//
#include "nn/window_attention_backward.inl"

template <class T>
void forward(const ForwardArgs<T>& args, Span tiles, Real<T>* memory) {
  for (auto i = tiles.first; i < tiles.end; ++i) {
    forward_tile(args, tile_at(args.shape, i), memory);
  }
}

template <class T>
void query_gradients(const BackwardArgs<T>& args, Span tiles, Real<T>* memory) {
  for (auto i = tiles.first; i < tiles.end; ++i) {
    query_gradient_tile(args, tile_at(args.shape, i), memory);
  }
}

template <class T>
void key_gradients(const BackwardArgs<T>& args, Span tiles, Real<T>* memory) {
  for (auto i = tiles.first; i < tiles.end; ++i) {
    key_gradient_tile(args, tile_at(args.shape, i), memory);
  }
}

}  // namespace OASIS_ISA

template <class T>
Passes<T> OASIS_NAMED(OASIS_ISA, _passes)() {
  return {&OASIS_ISA::forward<T>, &OASIS_ISA::query_gradients<T>, &OASIS_ISA::key_gradients<T>};
}

template Passes<float> OASIS_NAMED(OASIS_ISA, _passes)();
template Passes<double> OASIS_NAMED(OASIS_ISA, _passes)();
template Passes<c10::BFloat16> OASIS_NAMED(OASIS_ISA, _passes)();
template Passes<c10::Half> OASIS_NAMED(OASIS_ISA, _passes)();

}  // namespace oasis::nn::window_cpu
