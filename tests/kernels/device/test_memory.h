#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <stdexcept>
#include <vector>

/// Stands in for tests/kernels/emulation/test_memory.h where the same tests run on a GPU.
namespace oasis::kernels {

/// Memory that host and device share.
template <class T>
struct ManagedAllocator {
  using value_type = T;

  ManagedAllocator() = default;
  template <class U>
  ManagedAllocator(const ManagedAllocator<U>&) {}  // NOLINT: implicit, as allocators are

  T* allocate(std::size_t count) {
    void* memory = nullptr;
    if (cudaMallocManaged(&memory, count * sizeof(T)) != cudaSuccess) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t) { cudaFree(memory); }

  template <class U>
  bool operator==(const ManagedAllocator<U>&) const {
    return true;
  }
  template <class U>
  bool operator!=(const ManagedAllocator<U>&) const {
    return false;
  }
};

template <class T>
using TestArray = std::vector<T, ManagedAllocator<T>>;

inline void finish() {
  const auto status = cudaDeviceSynchronize();
  if (status != cudaSuccess) throw std::runtime_error(cudaGetErrorString(status));
}

/// True if `run` returns the same bits again: a GPU chooses its own order.
template <class F>
bool same_in_every_order(F&& run) {
  const auto expected = run();
  return run() == expected && run() == expected;
}

}  // namespace oasis::kernels
