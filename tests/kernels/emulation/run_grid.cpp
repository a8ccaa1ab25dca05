#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "block_run.h"

namespace oasis::kernels::emulation {
namespace {

constexpr int kMaxThreads = 1024;
constexpr int kMaxSharedBytes = 227 * 1024;  ///< sm_90; sm_80 has 163 KiB, sm_89 99 KiB
constexpr int kMaxBlocksYz = 65535;

Order current_order = Order::ascending;
std::uint32_t current_seed = 1;

std::vector<int> ordered(int count, std::mt19937& random) {
  std::vector<int> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  if (current_order == Order::descending) std::reverse(order.begin(), order.end());
  if (current_order == Order::random) std::shuffle(order.begin(), order.end(), random);
  return order;
}

void check_shape(const char* kernel, const Coordinates& grid, int threads, int shared_bytes) {
  const auto refuse = [&](const std::string& what) {
    throw KernelFault(FaultKind::bad_launch, fmt::format("kernel '{}': {}", kernel, what));
  };
  if (threads <= 0 || threads > kMaxThreads || threads % kWarpSize != 0) {
    refuse(fmt::format("{} threads a block; whole warps, at most {}", threads, kMaxThreads));
  }
  if (shared_bytes < 0 || shared_bytes > kMaxSharedBytes) {
    refuse(fmt::format("{} bytes of shared memory; at most {}", shared_bytes, kMaxSharedBytes));
  }
  if (grid.x < 0 || grid.y < 0 || grid.z < 0 || grid.y > kMaxBlocksYz || grid.z > kMaxBlocksYz) {
    refuse(fmt::format("a grid of ({}, {}, {}); y and z at most {}", grid.x, grid.y, grid.z,
                       kMaxBlocksYz));
  }
}

}  // namespace

OrderScope::OrderScope(Order order, std::uint32_t seed)
    : previous_order_(current_order), previous_seed_(current_seed) {
  current_order = order;
  current_seed = seed;
}

OrderScope::~OrderScope() {
  current_order = previous_order_;
  current_seed = previous_seed_;
}

void run_grid(const char* kernel, const Coordinates& grid, int threads, int shared_bytes,
              const std::function<void()>& body) {
  check_shape(kernel, grid, threads, shared_bytes);
  std::mt19937 random(current_seed);
  const int plane = grid.x * grid.y;
  for (const int block : ordered(plane * grid.z, random)) {
    const Coordinates index{block % grid.x, block % plane / grid.x, block / plane};
    BlockRun::current().run(kernel, grid, index, threads, shared_bytes, ordered(threads, random),
                            body);
  }
}

}  // namespace oasis::kernels::emulation
