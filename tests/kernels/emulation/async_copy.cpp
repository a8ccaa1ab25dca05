#include "async_copy.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <utility>

namespace oasis::kernels::emulation {

void issue_copy(const Extent& extent, int target, const void* source, int valid_bytes,
                const Location& where) {
  auto& run = BlockRun::current();
  check_extent(extent, target, kCopyBytes, kCopyBytes, where);
  if (reinterpret_cast<std::uintptr_t>(source) % kCopyBytes != 0) {
    fault(FaultKind::misaligned, "cp.async from a global address that is no multiple of 16", where);
  }
  if (valid_bytes < 0 || valid_bytes > kCopyBytes) {
    fault(FaultKind::out_of_bounds, fmt::format("cp.async of {} bytes", valid_bytes), where);
  }
  run.shared().begin_copy(target, kCopyBytes, run.thread().accessor(), where);
  run.thread().open_group.push_back({target, source, valid_bytes});
}

void commit_copies() {
  auto& thread = BlockRun::current().thread();
  thread.copy_groups.push_back(std::exchange(thread.open_group, {}));
}

void wait_for_copies(int pending) {
  auto& run = BlockRun::current();
  auto& thread = run.thread();
  while (static_cast<int>(thread.copy_groups.size()) > pending) {
    for (const auto& copy : thread.copy_groups.front()) {
      run.shared().finish_copy(copy.target, kCopyBytes, thread.accessor());
      auto* target = run.shared().data() + copy.target;
      std::memset(target, 0, kCopyBytes);
      if (copy.valid > 0) std::memcpy(target, copy.source, static_cast<std::size_t>(copy.valid));
    }
    thread.copy_groups.pop_front();
  }
}

}  // namespace oasis::kernels::emulation
