#pragma once

#include <algorithm>
#include <thread>
#include <vector>

namespace oasis::media {

/// Calls `body(begin, end)` for `threads` parts of [0, rows) at the same time. `body` must not
/// throw.
template <typename Body>
void parallel_rows(int rows, int threads, const Body& body) {
  const int parts = std::clamp(threads, 1, std::max(1, rows / 16));
  std::vector<std::thread> workers;
  workers.reserve(static_cast<std::size_t>(parts));
  for (int part = 1; part < parts; ++part) {
    const int begin = static_cast<int>(static_cast<long long>(rows) * part / parts);
    const int end = static_cast<int>(static_cast<long long>(rows) * (part + 1) / parts);
    workers.emplace_back([&body, begin, end] { body(begin, end); });
  }
  body(0, static_cast<int>(static_cast<long long>(rows) / parts));
  for (auto& worker : workers) worker.join();
}

}  // namespace oasis::media
