#pragma once

#include <vector>

#include "emulator.h"

/// Memory of the tests that run on the host and on a GPU alike; here, in the emulation, the heap.
namespace oasis::kernels {

template <class T>
using TestArray = std::vector<T>;

/// Waits for the kernels launched so far, whose results may then be read.
inline void finish() {}

/// True if `run` returns the same bits in each order of blocks, warps and lanes.
template <class F>
bool same_in_every_order(F&& run) {
  const auto expected = run();
  for (const auto order : {emulation::Order::descending, emulation::Order::random}) {
    const emulation::OrderScope scope(order, 11);
    if (!(run() == expected)) return false;
  }
  return true;
}

}  // namespace oasis::kernels
