#pragma once

#include "window_fixture.h"

namespace oasis::kernels::window_test {

/// Grids that miss the tiles' sizes in every way: smaller than the window, one row, one frame,
/// partial warps and blocks, idle warps.
inline std::vector<Case> mma_cases() {
  std::vector<Case> cases;
  const auto add = [&](int frames, int rows, int cols, int heads, int batch, int head_dim,
                       Element element) {
    Case c{frames, rows, cols};
    c.heads = heads;
    c.batch = batch;
    c.head_dim = head_dim;
    c.element = element;
    cases.push_back(c);
  };
  add(1, 1, 1, 1, 1, 64, Element::bf16);
  add(1, 3, 5, 2, 1, 128, Element::f16);
  add(2, 4, 4, 3, 2, 64, Element::f16);
  add(3, 7, 9, 1, 1, 128, Element::bf16);
  add(4, 1, 6, 1, 2, 64, Element::bf16);
  add(2, 9, 13, 1, 1, 64, Element::bf16);
  add(2, 9, 13, 2, 1, 128, Element::f16);
  add(3, 8, 8, 3, 2, 128, Element::bf16);
  add(1, 20, 5, 1, 1, 64, Element::f16);
  add(5, 2, 17, 1, 2, 64, Element::bf16);
  return cases;
}

/// In the weights' place within a kernel: rounded once to the element type.
inline double weight_unit(const Case& c) { return unit(c.element); }

}  // namespace oasis::kernels::window_test
