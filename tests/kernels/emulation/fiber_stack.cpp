#include "fiber_stack.h"

#include <memory>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace oasis::kernels::emulation {
namespace {

constexpr std::size_t kStackBytes = 256 * 1024;

/// The stack outlives the fibers that run on it.
struct KeepStack {
  boost::context::stack_context allocate() { return {}; }
  void deallocate(boost::context::stack_context&) noexcept {}
};

#if defined(__SANITIZE_ADDRESS__)
void begin_switch(void** fake_stack, const void* bottom, std::size_t size) {
  __sanitizer_start_switch_fiber(fake_stack, bottom, size);
}
void end_switch(void* fake_stack, const void** bottom, std::size_t* size) {
  __sanitizer_finish_switch_fiber(fake_stack, bottom, size);
}
void forget_frames(const void* bottom, std::size_t size) {
  __asan_unpoison_memory_region(bottom, size);
}
#else
void begin_switch(void**, const void*, std::size_t) {}
void end_switch(void*, const void**, std::size_t*) {}
void forget_frames(const void*, std::size_t) {}
#endif

const void* bottom_of(const boost::context::stack_context& stack) {
  return static_cast<const std::byte*>(stack.sp) - stack.size;
}

}  // namespace

FiberStack::FiberStack() : allocator_(kStackBytes), stack_(allocator_.allocate()) {}

FiberStack::~FiberStack() { allocator_.deallocate(stack_); }

void FiberStack::run_body() {
  end_switch(nullptr, &caller_bottom_, &caller_size_);
  body_();
  begin_switch(nullptr, caller_bottom_, caller_size_);
}

void FiberStack::start(std::function<void()> body) {
  // The lowest page is the guard page.
  constexpr std::size_t guard = 4096;
  forget_frames(static_cast<const std::byte*>(bottom_of(stack_)) + guard, stack_.size - guard);
  body_ = std::move(body);
  const boost::context::preallocated place(stack_.sp, stack_.size, stack_);
  fiber_ = boost::context::fiber(std::allocator_arg, place, KeepStack{},
                                 [this](boost::context::fiber&& caller) {
                                   caller_ = std::move(caller);
                                   run_body();
                                   return std::move(caller_);
                                 });
}

void FiberStack::resume() {
  begin_switch(&caller_fake_stack_, bottom_of(stack_), stack_.size);
  fiber_ = std::move(fiber_).resume();
  end_switch(caller_fake_stack_, nullptr, nullptr);
}

void FiberStack::suspend() {
  begin_switch(&own_fake_stack_, caller_bottom_, caller_size_);
  caller_ = std::move(caller_).resume();
  end_switch(own_fake_stack_, &caller_bottom_, &caller_size_);
}

}  // namespace oasis::kernels::emulation
