#include "bench_memory.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <atomic>
#include <memory>

namespace oasis::tools {
namespace {

/// The framework's CPU allocator with a count of what it gave out.
class CountingAllocator : public c10::Allocator {
 public:
  explicit CountingAllocator(c10::Allocator* inner) : inner_(inner) {}

  c10::DataPtr allocate(std::size_t bytes) override {
    auto block = std::make_unique<Block>(Block{inner_->allocate(bytes), bytes, this});
    const auto held = held_ += bytes;
    for (auto peak = peak_.load(); held > peak && !peak_.compare_exchange_weak(peak, held);) {
    }
    void* data = block->data.get();
    return {data, block.release(), &release, c10::Device(c10::kCPU)};
  }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
  std::size_t peak() const { return peak_; }

 private:
  struct Block {
    c10::DataPtr data;
    std::size_t bytes;
    CountingAllocator* owner;
  };
  static void release(void* context) {
    const std::unique_ptr<Block> block(static_cast<Block*>(context));
    block->owner->held_ -= block->bytes;
  }

  c10::Allocator* inner_;
  std::atomic<std::size_t> held_ = 0, peak_ = 0;
};

/// Puts an allocator in the place of the CPU's for as long as it lives.
class CpuAllocatorExchange {
 public:
  explicit CpuAllocatorExchange(c10::Allocator* next) : before_(c10::GetCPUAllocator()) {
    c10::SetCPUAllocator(next, kPriority);
  }
  ~CpuAllocatorExchange() { c10::SetCPUAllocator(before_, kPriority); }
  CpuAllocatorExchange(const CpuAllocatorExchange&) = delete;
  CpuAllocatorExchange& operator=(const CpuAllocatorExchange&) = delete;

 private:
  static constexpr std::uint8_t kPriority = 255;
  c10::Allocator* before_;
};

std::size_t cpu_peak_bytes(const std::function<void()>& work) {
  // Never destroyed: a library may keep a block it allocated during `work`.
  auto& counting = *new CountingAllocator(c10::GetCPUAllocator());
  const CpuAllocatorExchange exchange(&counting);
  work();
  return counting.peak();
}

}  // namespace

std::size_t peak_bytes(c10::Device device, const std::function<void()>& work) {
  if (device.is_cpu()) return cpu_peak_bytes(work);
  auto* allocator = at::getDeviceAllocator(device.type());
  const auto index = device.has_index() ? device.index() : c10::DeviceIndex{0};
  allocator->resetPeakStats(index);
  const auto before = allocator->getDeviceStats(index).allocated_bytes[0].current;
  work();
  const auto after = allocator->getDeviceStats(index).allocated_bytes[0].peak;
  return static_cast<std::size_t>(std::max<std::int64_t>(0, after - before));
}

}  // namespace oasis::tools
