#include "oasis/train/gradient_buckets.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <thread>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "oasis/nn/recompute.h"

namespace oasis::train {
namespace {

AdamW::Parameters parameters() {
  AdamW::Parameters all;
  const std::vector<std::vector<std::int64_t>> shapes = {{3, 2}, {5}, {2, 2, 2}, {1}};
  double value = 0.5;
  for (const auto& shape : shapes) {
    all.emplace_back(std::to_string(all.size()),
                     at::full(shape, value += 0.25).set_requires_grad(true));
  }
  return all;
}

// Uses all parameters but the second.
at::Tensor loss(const AdamW::Parameters& p, double factor) {
  return factor * (p[0].second.square().sum() + 3 * p[2].second.sum() * p[3].second.sum());
}

at::Tensor expected(const AdamW::Parameters& p, double factor) {
  const auto grads =
      torch::autograd::grad({loss(p, factor)}, {p[0].second, p[2].second, p[3].second});
  return at::cat({grads[0].flatten(), at::zeros({5}), grads[1].flatten(), grads[2].flatten()});
}

TEST(GradientBuckets, SumOverMicroBatchesAndReleaseTheGradients) {
  const AdamW::Parameters p = parameters();
  for (const std::int64_t bytes : {1, 40, 1 << 20}) {
    GradientBuckets buckets(p, single_process(), bytes);
    for (int step = 0; step < 2; ++step) {
      buckets.begin(true, false);
      loss(p, 1.0).backward();
      buckets.begin(false, true);
      loss(p, 0.5).backward();
      EXPECT_TRUE(at::allclose(buckets.finish(), expected(p, 1.5))) << bytes;
    }
    for (const auto& item : p) EXPECT_FALSE(item.second.grad().defined()) << item.first;
  }
}

TEST(GradientBuckets, TakeGradientsOfRecomputedParts) {
  const AdamW::Parameters p = parameters();
  GradientBuckets buckets(p, single_process(), 1);
  buckets.begin(true, true);
  nn::recompute([&p](const auto&) { return loss(p, 1.0); }, {},
                {p[0].second, p[2].second, p[3].second})
      .backward();
  EXPECT_TRUE(at::allclose(buckets.finish(), expected(p, 1.0)));
}

TEST(GradientBuckets, WhenGoneGradientsStayWhereTheyWere) {
  const AdamW::Parameters p = parameters();
  { const GradientBuckets buckets(p, single_process()); }
  loss(p, 1.0).backward();
  EXPECT_TRUE(p[0].second.grad().defined());
}

TEST(GradientBuckets, AverageOverRanksInAnyBucketSize) {
  constexpr int world = 3;
  for (const std::int64_t bytes : {1, 40, 1 << 20}) {
    const auto store = c10::make_intrusive<c10d::HashStore>();
    std::vector<at::Tensor> means(world);
    std::vector<std::thread> ranks;
    for (int rank = 0; rank < world; ++rank) {
      ranks.emplace_back([&, rank] {
        const AdamW::Parameters p = parameters();
        GradientBuckets buckets(p, store_comm(store, rank, world), bytes);
        buckets.begin(true, true);
        loss(p, rank + 1.0).backward();
        means[static_cast<std::size_t>(rank)] = buckets.finish().clone();
      });
    }
    for (auto& rank : ranks) rank.join();
    const at::Tensor mean = expected(parameters(), 2.0);
    for (const at::Tensor& found : means) {
      ASSERT_EQ(found.size(0), 21);  // 20 values, padded to a multiple of the ranks
      EXPECT_TRUE(at::allclose(found.narrow(0, 0, 20), mean)) << bytes;
      EXPECT_TRUE(at::equal(found, means[0])) << bytes;
    }
  }
}

}  // namespace
}  // namespace oasis::train
