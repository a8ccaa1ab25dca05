#pragma once

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdint>
#include <fstream>
#include <string>

namespace oasis::testing {

/// A field of /proc/self/status ("VmHWM", "VmRSS") in bytes.
inline std::int64_t status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != field + ":") continue;
    std::int64_t kibibytes = 0;
    status >> kibibytes;
    return kibibytes * 1024;
  }
  ADD_FAILURE() << field << " is not in /proc/self/status";
  return 0;
}

/// The memory in use, with that given back which the allocator keeps; the peak begins again here.
inline std::int64_t begin_measuring() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << 5;
  return status_bytes("VmRSS");
}

}  // namespace oasis::testing
