#include <ATen/Parallel.h>
#include <c10/core/CPUAllocator.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <atomic>

#include "oasis/nn/window_attention.h"

// Memory grows with the tokens, not with their square.

namespace oasis::nn {
namespace {

/// The CPU allocator of the framework, with the most bytes that were held at once.
class CountingAllocator : public c10::Allocator {
 public:
  explicit CountingAllocator(c10::Allocator* inner) : inner_(inner) {}

  c10::DataPtr allocate(std::size_t bytes) override {
    auto data = inner_->allocate(bytes);
    const auto now = held_ += bytes;
    for (auto peak = peak_.load(); now > peak && !peak_.compare_exchange_weak(peak, now);) {
    }
    auto* kept = new Kept{std::move(data), bytes, this};
    return {kept->data.get(), kept, &release, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
  std::size_t peak() const { return peak_; }

 private:
  struct Kept {
    c10::DataPtr data;
    std::size_t bytes;
    CountingAllocator* owner;
  };
  static void release(void* context) {
    auto* kept = static_cast<Kept*>(context);
    kept->owner->held_ -= kept->bytes;
    delete kept;
  }

  c10::Allocator* inner_;
  std::atomic<std::size_t> held_ = 0, peak_ = 0;
};

/// The most bytes that `work` held at once.
template <class Work>
std::size_t peak_of(Work work) {
  const auto threads = at::get_num_threads();
  at::set_num_threads(1);  // each thread has arrays of its own
  auto* before = c10::GetCPUAllocator();
  CountingAllocator counting(before);
  c10::SetCPUAllocator(&counting, 255);
  work();
  c10::SetCPUAllocator(before, 255);
  at::set_num_threads(threads);
  return counting.peak();
}

TEST(WindowAttentionMemory, NeverFormsTheSquare) {
  const TokenGrid grid{2, 48, 64};
  const auto n = grid.count();
  const auto q = torch::randn({1, n, 1, 4}), grad = torch::randn_like(q);
  const auto results = static_cast<std::size_t>(n) * (4 + 1) * sizeof(float);
  const auto temporary =
      peak_of([&] { const auto forward = window_attention_forward(q, q, q, grid, {}); });
  EXPECT_LT(temporary, results + (std::size_t{8} << 20));
  const auto backward = peak_of([&] {
    const auto forward = window_attention_forward(q, q, q, grid, {});
    const auto gradients = window_attention_backward(grad, q, q, q, forward, grid, {});
  });
  EXPECT_LT(backward, 4 * results + (std::size_t{8} << 20));
  EXPECT_GT(static_cast<std::size_t>(n * n) * sizeof(float), std::size_t{128} << 20);
}

TEST(WindowAttentionMemory, StaysLinearWhereTheWindowCoversTheGrid) {
  const TokenGrid grid{4, 16, 24};
  const auto n = grid.count();
  const auto q = torch::randn({1, n, 1, 4});
  const auto peak = peak_of([&] {
    const auto forward = window_attention_forward(q, q, q, grid, {99, 99, 99});
  });
  EXPECT_LT(peak, static_cast<std::size_t>(n * n) * sizeof(float) / 2);
}

}  // namespace
}  // namespace oasis::nn
