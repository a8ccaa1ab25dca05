#pragma once

#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>
#include <cstddef>
#include <functional>

namespace oasis::kernels::emulation {

/// One resumable call on a stack of its own that is used again and again. AddressSanitizer is told
/// of every change of stack.
class FiberStack {
 public:
  FiberStack();
  ~FiberStack();
  FiberStack(const FiberStack&) = delete;
  FiberStack& operator=(const FiberStack&) = delete;

  /// Makes `body` ready to run. It must have ended before the next call.
  void start(std::function<void()> body);
  /// From outside: runs the body until it suspends itself or ends.
  void resume();
  /// From inside the body: back to whoever resumed it.
  void suspend();
  bool ended() const { return !fiber_; }

 private:
  void run_body();

  boost::context::protected_fixedsize_stack allocator_;
  boost::context::stack_context stack_;
  boost::context::fiber fiber_;
  boost::context::fiber caller_;
  std::function<void()> body_;
  void* own_fake_stack_ = nullptr;
  void* caller_fake_stack_ = nullptr;
  const void* caller_bottom_ = nullptr;
  std::size_t caller_size_ = 0;
};

}  // namespace oasis::kernels::emulation
