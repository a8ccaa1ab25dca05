// Dense attention for one instruction set and data type. The including file has included every
// header needed, switched the compiler to the instruction set (so that nothing from those headers
// is compiled for it) and defined
//   OASIS_ISA           the name of a namespace and of the function `<name>_passes`
//   OASIS_VECTOR_BYTES  the size of a vector
//   OASIS_PANEL_ROWS    rows of a register block: 8 with 32 registers, 4 with 16
//   OASIS_ARITHMETIC    the file of `Element` and of `Arithmetic` on words of it
//   OASIS_PRODUCTS      the file of both products and of the layout that they want

namespace oasis::nn::dense_cpu {
namespace OASIS_ISA {

#include "nn/window_attention_simd.inl"
//
#include "nn/dense_attention_power.inl"

/// The words of a panel side by side.
using PanelLanes = Lanes<Word, static_cast<int>(kPanel * sizeof(Word))>;

#include OASIS_ARITHMETIC
//
#include OASIS_PRODUCTS
//
#include "nn/dense_attention_packing.inl"
//
#include "nn/dense_attention_block.inl"

void pack(const Args<Element>& args, Span key_blocks) {
  for (auto i = key_blocks.first; i < key_blocks.end; ++i) pack_block(args, i);
}

void attend(const Args<Element>& args, Span query_blocks, float* memory) {
  const ProductState state(args.shape);
  for (auto i = query_blocks.first; i < query_blocks.end; ++i) attend_block(args, i, memory);
}

}  // namespace OASIS_ISA

Passes<OASIS_ISA::Element> OASIS_NAMED(OASIS_ISA, _passes)() {
  return {&OASIS_ISA::pack, &OASIS_ISA::attend};
}

}  // namespace oasis::nn::dense_cpu
