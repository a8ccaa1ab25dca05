#pragma once

// Stands in for kernels/device_intrinsics.h in the tests: the same names, run on the host by the
// emulation (emulator.h). What a name means is written there.

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <tuple>
#include <type_traits>

#include "async_copy.h"
#include "block_run.h"
#include "half_types.h"
#include "kernels/element.h"
#include "shared_pointer.h"
#include "warp_instructions.h"

#define OASIS_DEVICE inline
#define OASIS_KERNEL(...) inline
#define OASIS_UNROLL

namespace oasis::kernels {

using emulation::BlockRun;
using emulation::kWarpSize;
using emulation::Location;

struct Index3 {
  int x = 1;
  int y = 1;
  int z = 1;
};

struct alignas(16) Vec16 {
  std::uint32_t words[4];
};

// Threads and blocks ------------------------------------------------------------------------------

inline int thread_index() { return BlockRun::current().thread().index; }
inline int thread_count() { return BlockRun::current().thread_count(); }
inline int lane_index() { return thread_index() % kWarpSize; }
inline int warp_index() { return thread_index() / kWarpSize; }
inline Index3 block_index() {
  const auto& block = BlockRun::current().block();
  return {block.x, block.y, block.z};
}
inline Index3 grid_size() {
  const auto& grid = BlockRun::current().grid();
  return {grid.x, grid.y, grid.z};
}

// Memory ------------------------------------------------------------------------------------------

template <class T>
SharedPtr<T> shared_array(int byte_offset, int count, Location where = Location::current()) {
  const emulation::Extent whole{0, BlockRun::current().shared().bytes()};
  const int bytes = count * static_cast<int>(sizeof(T));
  emulation::check_extent(whole, byte_offset, bytes, alignof(T), where);
  return {{byte_offset, byte_offset + bytes}, byte_offset};
}

template <class To, class From>
SharedPtr<To> shared_cast(const SharedPtr<From>& pointer) {
  return {pointer.extent(), pointer.offset()};
}

inline void check_aligned_16(const void* address, const Location& where) {
  if (reinterpret_cast<std::uintptr_t>(address) % 16 == 0) return;
  emulation::fault(emulation::FaultKind::misaligned,
                   "16-byte access to a global address that is no multiple of 16", where);
}
inline Vec16 load_16(const void* source, Location where = Location::current()) {
  check_aligned_16(source, where);
  Vec16 v;
  std::memcpy(&v, source, sizeof v);
  return v;
}
inline void store_16(void* target, const Vec16& v, Location where = Location::current()) {
  check_aligned_16(target, where);
  std::memcpy(target, &v, sizeof v);
}

template <class T>
void cp_async_16(const SharedPtr<T>& target, const void* source, int valid_bytes = 16,
                 Location where = Location::current()) {
  emulation::issue_copy(target.extent(), target.offset(), source, valid_bytes, where);
}
inline void cp_async_commit() { emulation::commit_copies(); }
template <int pending>
void cp_async_wait() {
  emulation::wait_for_copies(pending);
}

// Barriers and shuffles ---------------------------------------------------------------------------

inline void syncthreads(Location where = Location::current()) {
  BlockRun::current().wait_for_block(where);
}

inline void syncwarp(Location where = Location::current()) {
  auto& run = BlockRun::current();
  run.wait_for_warp({"syncwarp", nullptr}, nullptr, where);
  ++run.thread().warp_epoch;
}

namespace emulation {

template <class T>
struct ShuffleOperands {
  T value;
  int source;  ///< lane to read
  T result;
};

template <class T>
void complete_shuffle(const Lanes& lanes) {
  for (void* lane : lanes) {
    auto& own = *static_cast<ShuffleOperands<T>*>(lane);
    const auto source = static_cast<std::size_t>(own.source & (kWarpSize - 1));
    own.result = static_cast<const ShuffleOperands<T>*>(lanes[source])->value;
  }
}

template <class T>
T shuffle(const char* name, T value, int source, const Location& where) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles move 32 or 64 bits");
  ShuffleOperands<T> operands{value, source, value};
  BlockRun::current().wait_for_warp({name, complete_shuffle<T>}, &operands, where);
  return operands.result;
}

struct BallotOperands {
  bool predicate;
  std::uint32_t result;
};

inline void complete_ballot(const Lanes& lanes) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    if (static_cast<const BallotOperands*>(lanes[i])->predicate) bits |= 1u << i;
  }
  for (void* lane : lanes) static_cast<BallotOperands*>(lane)->result = bits;
}

}  // namespace emulation

template <class T>
T shfl_xor(T value, int mask, Location where = Location::current()) {
  return emulation::shuffle("shfl_xor", value, lane_index() ^ mask, where);
}
template <class T>
T shfl_down(T value, int delta, Location where = Location::current()) {
  const int source = lane_index() + delta;
  return emulation::shuffle("shfl_down", value, source < kWarpSize ? source : lane_index(), where);
}
template <class T>
T shfl(T value, int source, Location where = Location::current()) {
  return emulation::shuffle("shfl", value, source, where);
}

inline std::uint32_t ballot(bool predicate, Location where = Location::current()) {
  emulation::BallotOperands operands{predicate, 0};
  BlockRun::current().wait_for_warp({"ballot", emulation::complete_ballot}, &operands, where);
  return operands.result;
}

// Tensor cores ------------------------------------------------------------------------------------

template <class Half>
void mma_m16n8k16(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1,
                  Location where = Location::current()) {
  emulation::MmaOperands operands{d, a, {b0, b1}};
  BlockRun::current().wait_for_warp({"mma", emulation::complete_mma<Half>}, &operands, where);
}

template <class T>
void ldmatrix_x4(std::uint32_t (&r)[4], const SharedPtr<T>& row,
                 Location where = Location::current()) {
  emulation::LdmatrixOperands operands{r, row.extent(), row.offset(), where};
  BlockRun::current().wait_for_warp({"ldmatrix_x4", emulation::complete_ldmatrix_x4}, &operands,
                                    where);
}
template <class T>
void ldmatrix_x4_trans(std::uint32_t (&r)[4], const SharedPtr<T>& row,
                       Location where = Location::current()) {
  emulation::LdmatrixOperands operands{r, row.extent(), row.offset(), where};
  BlockRun::current().wait_for_warp({"ldmatrix_x4_trans", emulation::complete_ldmatrix_x4_trans},
                                    &operands, where);
}

// Arithmetic --------------------------------------------------------------------------------------

/// Denormals count as 0, as in ex2.approx.ftz.
inline float exp2_approx(float x) {
  const auto flushed = [](float v) { return std::fpclassify(v) == FP_SUBNORMAL ? 0.0f : v; };
  return flushed(std::exp2(flushed(x)));
}

inline float to_float(float x) { return x; }
inline float to_float(Bf16 x) { return emulation::widen(x); }
inline float to_float(Fp16 x) { return emulation::widen(x); }

template <class T>
T from_float(float x) {
  if constexpr (std::is_same_v<T, Bf16>) {
    return emulation::round_to_bf16(x);
  } else if constexpr (std::is_same_v<T, Fp16>) {
    return emulation::round_to_fp16(x);
  } else {
    return x;
  }
}

template <class Half>
std::uint32_t pack_2(float low, float high) {
  const std::uint32_t upper = from_float<Half>(high).bits;
  return from_float<Half>(low).bits | upper << 16;
}

template <class Half>
void unpack_2(std::uint32_t bits, float& low, float& high) {
  low = to_float(Half{static_cast<std::uint16_t>(bits & 0xffffu)});
  high = to_float(Half{static_cast<std::uint16_t>(bits >> 16)});
}

// Host side ---------------------------------------------------------------------------------------

template <class... Parameters, class... Arguments>
void launch(const char* name, const Index3& blocks, int threads, int shared_bytes,
            Stream /*stream*/, void (*kernel)(Parameters...), Arguments... arguments) {
  const std::tuple<Parameters...> bound{static_cast<Parameters>(arguments)...};
  emulation::run_grid(name, {blocks.x, blocks.y, blocks.z}, threads, shared_bytes,
                      [&] { std::apply(kernel, bound); });
}

template <class T>
struct TypeTag {
  using Type = T;
};

template <class F>
void with_element(Element element, F&& f) {
  if (element == Element::f32) return f(TypeTag<float>{});
  if (element == Element::f16) return f(TypeTag<Fp16>{});
  f(TypeTag<Bf16>{});
}

template <class F>
void with_half(Element element, F&& f) {
  if (element == Element::f32) throw std::runtime_error("this kernel takes 16-bit elements only");
  if (element == Element::f16) return f(TypeTag<Fp16>{});
  f(TypeTag<Bf16>{});
}

}  // namespace oasis::kernels
