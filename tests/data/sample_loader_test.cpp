#include "oasis/data/sample_loader.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <chrono>
#include <set>
#include <stdexcept>
#include <thread>

#include "oasis/data/epoch_order.h"

namespace oasis::data {
namespace {

TrainingSample made_sample(std::uint64_t uid) {
  const at::Tensor codes = at::arange(3 * 5 * 16 * 16)
                               .view({3, 5, 16, 16})
                               .add(static_cast<std::int64_t>(uid))
                               .remainder(256);
  TrainingSample sample;
  sample.uid = uid;
  sample.hq = codes.to(at::kFloat) / 127.5 - 1.0;
  sample.lq = sample.hq.slice(2, 0, 16, 4).slice(3, 0, 16, 4).contiguous();
  sample.origin = "clip " + std::to_string(uid);
  sample.degradation = "none";
  return sample;
}

// Later samples are ready earlier, and one of them fails.
class UnevenSource : public SampleSource {
 public:
  TrainingSample sample(std::uint64_t uid) const override {
    std::this_thread::sleep_for(std::chrono::milliseconds(uid % 3 == 0 ? 6 : 1));
    if (uid == 7) throw std::runtime_error("sample 7");
    return made_sample(uid);
  }
  std::size_t epoch_size() const override { return 100; }
  std::size_t damaged() const override { return 0; }
};

TEST(SampleLoader, KeepsTheOrderWithAnyNumberOfThreads) {
  for (const int threads : {1, 4}) {
    LoaderOptions options;
    options.threads = threads;
    SampleLoader loader(
        std::make_shared<UnevenSource>(), [](std::uint64_t n) { return 2 * n + 10; }, options);
    for (std::uint64_t n = 0; n < 12; ++n) EXPECT_EQ(loader.next().uid, 2 * n + 10);
  }
}

TEST(SampleLoader, AFailureComesOutAtItsTurn) {
  SampleLoader loader(std::make_shared<UnevenSource>(), [](std::uint64_t n) { return n; }, {});
  for (int n = 0; n < 7; ++n) EXPECT_NO_THROW(loader.next());
  EXPECT_THROW(loader.next(), std::runtime_error);
  EXPECT_EQ(loader.next().uid, 8U);
}

TEST(EpochOrder, TakesEveryClipOnceAnEpochInChangingOrder) {
  std::vector<std::vector<std::size_t>> orders;
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<std::size_t> order;
    for (std::uint64_t i = 0; i < 19; ++i) order.push_back(clip_of_sample(epoch * 19 + i, 19, 5));
    EXPECT_EQ(std::set<std::size_t>(order.begin(), order.end()).size(), 19U);
    orders.push_back(order);
  }
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_NE(orders[1], orders[2]);
  EXPECT_EQ(clip_of_sample(20, 19, 5), orders[1][1]);
  EXPECT_NE(clip_of_sample(20, 19, 5) + 100 * clip_of_sample(21, 19, 5),
            clip_of_sample(20, 19, 6) + 100 * clip_of_sample(21, 19, 6));
}

}  // namespace
}  // namespace oasis::data
