#pragma once

#include <cstdint>
#include <source_location>
#include <stdexcept>
#include <string>

/// Runs CUDA kernel sources on the host, one block at a time, each thread of the block a fiber, and
/// reports what a GPU would pass over in silence.
///
/// A test includes the kernel's own source and calls its public function on host memory:
///
///     #include "kernels/gelu.cu"
///     gelu_tanh(Element::bf16, in.data(), out.data(), count, nullptr);
///
/// The call returns when every block has run; a fault is thrown as KernelFault. A kernel written in
/// the test itself is launched in the same way as in a source: `launch("x", {1}, 32, bytes,
/// nullptr, x_kernel<float>, ...)`. Global arrays should be heap blocks of the exact size, so that
/// AddressSanitizer sees an overrun.
namespace oasis::kernels::emulation {

enum class FaultKind {
  bad_launch,          ///< shape or shared memory beyond what a GPU takes
  out_of_bounds,       ///< shared access outside the array, or an array outside the block's memory
  uninitialised_read,  ///< shared bytes that the block has not written
  pending_copy,        ///< shared bytes touched while a cp.async to them is under way
  misaligned,          ///< an access of n bytes at an address that is no multiple of n
  race,                ///< two threads, no barrier between them, at least one of them writing
  barrier_divergence,  ///< block barrier not reached by all threads at the same line
  warp_divergence,     ///< warp operation not reached by all lanes at the same line
};

/// `what()` names the kernel, the block, the thread and the source line.
class KernelFault : public std::runtime_error {
 public:
  KernelFault(FaultKind kind, const std::string& message)
      : std::runtime_error(message), kind_(kind) {}

  FaultKind kind() const noexcept { return kind_; }

 private:
  FaultKind kind_;
};

/// In which order blocks, the warps of a block and the lanes of a warp take their turns.
enum class Order { ascending, descending, random };

/// Sets the order of the launches in its scope.
class OrderScope {
 public:
  explicit OrderScope(Order order, std::uint32_t seed = 1);
  ~OrderScope();
  OrderScope(const OrderScope&) = delete;
  OrderScope& operator=(const OrderScope&) = delete;

 private:
  Order previous_order_;
  std::uint32_t previous_seed_;
};

/// Where a kernel called the emulation.
using Location = std::source_location;

}  // namespace oasis::kernels::emulation
