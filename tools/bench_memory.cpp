#include "bench_memory.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>

namespace oasis::tools {
namespace {

/// The framework's CPU allocator with a count of what it gave out. A block's context is its own
/// address, as the framework wants it of blocks that it handles by address alone.
class CountingAllocator : public c10::Allocator {
 public:
  explicit CountingAllocator(c10::Allocator* inner) : inner_(inner) {
    if (original() == nullptr) original() = inner;
  }

  c10::DataPtr allocate(std::size_t bytes) override {
    c10::DataPtr block = inner_->allocate(bytes);
    void* data = block.get();
    if (data == nullptr) return block;
    const std::lock_guard lock(mutex());
    held_ += bytes;
    peak_ = std::max(peak_, held_);
    blocks()[data] = {std::move(block), bytes, this};
    return {data, data, &release, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
  std::size_t peak() const { return peak_; }

 private:
  struct Block {
    c10::DataPtr data;
    std::size_t bytes = 0;
    CountingAllocator* owner = nullptr;
  };
  static std::mutex& mutex() {
    static std::mutex guard;
    return guard;
  }
  static std::unordered_map<void*, Block>& blocks() {
    static auto& table = *new std::unordered_map<void*, Block>();
    return table;
  }
  static c10::Allocator*& original() {
    static c10::Allocator* allocator = nullptr;
    return allocator;
  }
  static void release(void* address) {
    const std::lock_guard lock(mutex());
    const auto found = blocks().find(address);
    if (found == blocks().end()) {  // given out before anything was counted
      original()->raw_deallocate(address);
      return;
    }
    found->second.owner->held_ -= found->second.bytes;
    blocks().erase(found);
  }

  c10::Allocator* inner_;
  std::size_t held_ = 0, peak_ = 0;
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
