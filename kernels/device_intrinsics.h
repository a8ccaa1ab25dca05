#pragma once

// The only way by which a kernel reaches what C++ lacks: thread indices, shared memory, warp and
// tensor-core instructions, the launch. Each wrapper is one instruction on the device. The tests
// put tests/kernels/emulation/device_intrinsics.h, with the same names, in this header's place and
// run the same sources on the host.
//
// Writing a kernel (`kernels/x.cu`, called through `kernels/x.h`):
//  - `#include <device_intrinsics.h>`, with angle brackets: found by include path, so that the
//    tests' header can take its place. No CUDA header, keyword or `asm` elsewhere.
//  - `template <class T> OASIS_KERNEL(256) void x_kernel(...)` in an unnamed namespace; helpers are
//    `OASIS_DEVICE`. Blocks are one-dimensional, of a multiple of 32 threads.
//  - Shared memory is dynamic: `SharedPtr<T> tile = shared_array<T>(byte_offset, count)`. It is a
//    plain pointer here and a checked one in the tests; elements are read into a named type
//    (`float x = tile[i];`, not `auto`), whole structs likewise, and are at least two bytes wide.
//    `shared_cast<Vec16>(tile)[i]` moves 16 bytes at once.
//  - Loops to unroll: `OASIS_UNROLL for (...)`.
//  - Warp operations and barriers are reached by all 32 lanes, all threads, at the same source
//  line;
//    no thread returns before the last of them.
//  - The function of the public header checks its arguments and calls
//    `launch("x", {blocks_x, blocks_y, blocks_z}, threads, shared_bytes, stream, x_kernel<T>,
//    ...)`; `with_element(element, [&](auto type) { using T = typename decltype(type)::Type; ...
//    })` chooses T.
// Testing it: `#include "kernels/x.cu"` in exactly one tests/kernels/*_test.cpp and call the public
// function on host memory; see tests/kernels/emulation/emulator.h.

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

#include "kernels/element.h"

#define OASIS_DEVICE __device__ __forceinline__
#define OASIS_KERNEL(...) __global__ __launch_bounds__(__VA_ARGS__)
#define OASIS_ANYWHERE __host__ __device__ __forceinline__
#define OASIS_UNROLL _Pragma("unroll")

namespace oasis::kernels {

using Bf16 = __nv_bfloat16;
using Fp16 = __half;

struct Index3 {
  int x = 1;
  int y = 1;
  int z = 1;
};

/// 16 bytes moved by one instruction.
struct alignas(16) Vec16 {
  std::uint32_t words[4];
};

// Threads and blocks ------------------------------------------------------------------------------

OASIS_DEVICE int thread_index() { return static_cast<int>(threadIdx.x); }
OASIS_DEVICE int thread_count() { return static_cast<int>(blockDim.x); }
OASIS_DEVICE int lane_index() { return static_cast<int>(threadIdx.x & 31u); }
OASIS_DEVICE int warp_index() { return static_cast<int>(threadIdx.x >> 5); }
OASIS_DEVICE Index3 block_index() {
  return {static_cast<int>(blockIdx.x), static_cast<int>(blockIdx.y), static_cast<int>(blockIdx.z)};
}
OASIS_DEVICE Index3 grid_size() {
  return {static_cast<int>(gridDim.x), static_cast<int>(gridDim.y), static_cast<int>(gridDim.z)};
}

// Memory ------------------------------------------------------------------------------------------

template <class T>
using SharedPtr = T*;

/// `count` elements of the block's dynamic shared memory from `byte_offset` on.
template <class T>
OASIS_DEVICE SharedPtr<T> shared_array(int byte_offset, int /*count*/) {
  extern __shared__ __align__(128) unsigned char oasis_dynamic_shared[];
  return reinterpret_cast<T*>(oasis_dynamic_shared + byte_offset);
}

template <class To, class From>
OASIS_DEVICE SharedPtr<To> shared_cast(From* pointer) {
  return reinterpret_cast<To*>(pointer);
}

/// Global memory, 16 bytes at a 16-byte aligned address.
OASIS_DEVICE Vec16 load_16(const void* source) {
  const auto raw = *static_cast<const uint4*>(source);
  return {{raw.x, raw.y, raw.z, raw.w}};
}
OASIS_DEVICE void store_16(void* target, const Vec16& v) {
  *static_cast<uint4*>(target) = make_uint4(v.words[0], v.words[1], v.words[2], v.words[3]);
}

OASIS_DEVICE std::uint32_t shared_address(const void* pointer) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(pointer));
}

/// Starts copying 16 bytes to shared memory; those beyond the first `valid_bytes` (0..16) become 0
/// and are not read. Both addresses are 16-byte aligned; `source` is valid even for 0 bytes.
OASIS_DEVICE void cp_async_16(void* target, const void* source, int valid_bytes = 16) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(target)),
               "l"(source), "r"(valid_bytes)
               : "memory");
}

/// Closes the group of this thread's copies since the last commit.
OASIS_DEVICE void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/// Waits until at most `pending` of this thread's newest groups are under way. Other threads see
/// the data after a barrier that follows.
template <int pending>
OASIS_DEVICE void cp_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

// Barriers and shuffles (all 32 lanes)
// -------------------------------------------------------------

OASIS_DEVICE void syncthreads() { __syncthreads(); }
OASIS_DEVICE void syncwarp() { __syncwarp(); }

/// The value of lane `lane ^ mask`, `lane + delta` (own value past the end), `source`.
template <class T>
OASIS_DEVICE T shfl_xor(T value, int mask) {
  return __shfl_xor_sync(0xffffffffu, value, mask);
}
template <class T>
OASIS_DEVICE T shfl_down(T value, int delta) {
  return __shfl_down_sync(0xffffffffu, value, static_cast<unsigned>(delta));
}
template <class T>
OASIS_DEVICE T shfl(T value, int source) {
  return __shfl_sync(0xffffffffu, value, source);
}

/// Bit i is the predicate of lane i.
OASIS_DEVICE std::uint32_t ballot(bool predicate) { return __ballot_sync(0xffffffffu, predicate); }

// Tensor cores (all 32 lanes)
// ----------------------------------------------------------------------

/// d += a * b for one 16 x 8 x 16 tile, a row-major, b column-major; `Half` is Bf16 or Fp16.
/// Fragments as in the PTX ISA: with g = lane / 4 and c = lane % 4, a holds (g, 2c..), (g+8, 2c..),
/// (g, 2c+8..), (g+8, 2c+8..), b holds k = 2c.. and 2c+8.. of column g, d (g, 2c..) and (g+8,
/// 2c..).
template <class Half>
OASIS_DEVICE void mma_m16n8k16(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                               std::uint32_t b1);
template <>
OASIS_DEVICE void mma_m16n8k16<Bf16>(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                     std::uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
template <>
OASIS_DEVICE void mma_m16n8k16<Fp16>(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                     std::uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// Four 8 x 8 matrices of 16-bit values; lane 8m + r gives the (16-byte aligned) address of row r
/// of matrix m. Register m holds the elements (g, 2c), (g, 2c+1) of matrix m; transposed (2c, g),
/// (2c+1, g).
OASIS_DEVICE void ldmatrix_x4(std::uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}
OASIS_DEVICE void ldmatrix_x4_trans(std::uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}

// Arithmetic --------------------------------------------------------------------------------------

/// 2^x to a relative error of 2^-22; denormals are flushed to 0.
OASIS_DEVICE float exp2_approx(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

OASIS_ANYWHERE float to_float(float x) { return x; }
OASIS_ANYWHERE float to_float(Bf16 x) { return __bfloat162float(x); }
OASIS_ANYWHERE float to_float(Fp16 x) { return __half2float(x); }

/// Rounds to nearest, ties to even.
template <class T>
OASIS_ANYWHERE T from_float(float x);
template <>
OASIS_ANYWHERE float from_float<float>(float x) {
  return x;
}
template <>
OASIS_ANYWHERE Bf16 from_float<Bf16>(float x) {
  return __float2bfloat16_rn(x);
}
template <>
OASIS_ANYWHERE Fp16 from_float<Fp16>(float x) {
  return __float2half_rn(x);
}

/// Two 16-bit values in one register, `low` in the lower half, as fragments hold them.
template <class Half>
OASIS_DEVICE std::uint32_t pack_2(float low, float high);
template <>
OASIS_DEVICE std::uint32_t pack_2<Bf16>(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  std::uint32_t bits;
  memcpy(&bits, &pair, sizeof bits);
  return bits;
}
template <>
OASIS_DEVICE std::uint32_t pack_2<Fp16>(float low, float high) {
  const __half2 pair = __floats2half2_rn(low, high);
  std::uint32_t bits;
  memcpy(&bits, &pair, sizeof bits);
  return bits;
}

/// The two values of such a register as floats.
template <class Half>
OASIS_DEVICE void unpack_2(std::uint32_t bits, float& low, float& high) {
  Half pair[2];
  memcpy(pair, &bits, sizeof bits);
  low = to_float(pair[0]);
  high = to_float(pair[1]);
}

// Host side ---------------------------------------------------------------------------------------

inline void require(cudaError_t status, const char* name) {
  if (status == cudaSuccess) return;
  throw std::runtime_error(std::string("CUDA kernel '") + name +
                           "' could not be launched: " + cudaGetErrorString(status));
}

/// Queues `blocks` x `threads` threads of `kernel`, each block with `shared_bytes` of shared
/// memory. Nothing is queued for an empty grid. Throws std::runtime_error naming the kernel.
template <class... Parameters, class... Arguments>
void launch(const char* name, const Index3& blocks, int threads, int shared_bytes, Stream stream,
            void (*kernel)(Parameters...), Arguments... arguments) {
  if (blocks.x == 0 || blocks.y == 0 || blocks.z == 0) return;
  if (shared_bytes > 48 * 1024) {
    require(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                 cudaFuncAttributeMaxDynamicSharedMemorySize, shared_bytes),
            name);
  }
  const dim3 grid(static_cast<unsigned>(blocks.x), static_cast<unsigned>(blocks.y),
                  static_cast<unsigned>(blocks.z));
  kernel<<<grid, static_cast<unsigned>(threads), static_cast<std::size_t>(shared_bytes), stream>>>(
      static_cast<Parameters>(arguments)...);
  require(cudaGetLastError(), name);
}

template <class T>
struct TypeTag {
  using Type = T;
};

/// Calls `f` with the TypeTag of the element's type.
template <class F>
void with_element(Element element, F&& f) {
  if (element == Element::f32) return f(TypeTag<float>{});
  if (element == Element::f16) return f(TypeTag<Fp16>{});
  f(TypeTag<Bf16>{});
}

/// The same for kernels of 16-bit types only.
template <class F>
void with_half(Element element, F&& f) {
  if (element == Element::f32) throw std::runtime_error("this kernel takes 16-bit elements only");
  if (element == Element::f16) return f(TypeTag<Fp16>{});
  f(TypeTag<Bf16>{});
}

}  // namespace oasis::kernels
