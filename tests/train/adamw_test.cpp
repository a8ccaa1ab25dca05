#include "oasis/train/adamw.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>
#include <thread>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "oasis/core/error.h"

namespace oasis::train {
namespace {

AdamW::Parameters some_parameters() {
  torch::manual_seed(11);
  return {{"a", at::randn({3, 5})}, {"b", at::randn({7})}, {"c", at::randn({2, 2, 2})}};
}

void set_gradients(AdamW::Parameters& parameters, std::int64_t step) {
  torch::manual_seed(static_cast<std::uint64_t>(100 + step));
  for (auto& [name, tensor] : parameters) tensor.mutable_grad() = at::randn(tensor.sizes());
}

AdamWOptions some_options() {
  AdamWOptions options;
  options.no_decay = {"b"};
  options.max_grad_norm = 1.0;
  options.ema_decay = 0.9;
  options.rate.base = 1e-2;
  return options;
}

TEST(AdamW, AgreesWithTorchsOwn) {
  AdamW::Parameters ours = some_parameters();
  AdamWOptions options;
  options.rate.base = 1e-2;
  options.weight_decay = 0.1;
  AdamW optimizer(ours, options, single_process());
  std::vector<at::Tensor> theirs;
  for (auto& [name, tensor] : some_parameters()) theirs.push_back(tensor.requires_grad_(true));
  torch::optim::AdamW reference(theirs,
                                torch::optim::AdamWOptions(1e-2).weight_decay(0.1).eps(1e-8));
  for (std::int64_t step = 0; step < 5; ++step) {
    set_gradients(ours, step);
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      theirs[i].mutable_grad() = ours[i].second.grad().clone();
    }
    optimizer.step();
    reference.step();
  }
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    EXPECT_LT((theirs[i] - ours[i].second).abs().max().item<double>(), 1e-6);
  }
}

TEST(AdamW, TheMovingAverageForgetsItsStartAsSaid) {
  AdamW::Parameters parameters = {{"b", at::zeros({4})}};
  AdamW optimizer(parameters, some_options(), single_process());
  optimizer.set_ema({{"b", at::ones({4})}});
  for (int step = 0; step < 20; ++step) optimizer.step();  // without gradients nothing else moves
  EXPECT_NEAR(optimizer.ema().at("b")[0].item<double>(), remembered_start(0.9, 20), 1e-6);
  EXPECT_NEAR(remembered_start(0.999, 1000), 0.368, 0.001);
}

TEST(AdamW, ANonFiniteGradientChangesNothing) {
  AdamW::Parameters parameters = some_parameters();
  AdamW optimizer(parameters, some_options(), single_process());
  set_gradients(parameters, 0);
  optimizer.step();
  const at::Tensor before = parameters[0].second.clone();
  const at::Tensor moment = optimizer.exp_avg().at("a").clone();
  parameters[1].second.mutable_grad()[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(optimizer.step().skipped);
  EXPECT_TRUE(at::equal(before, parameters[0].second));
  EXPECT_TRUE(at::equal(moment, optimizer.exp_avg().at("a")));
  EXPECT_EQ(optimizer.steps(), 2);
}

// Runs `steps` steps on each of `world` threads and returns rank 0's parameters and pieces.
struct RunResult {
  AdamW::Parameters parameters;
  std::vector<checkpoint::StateDict> pieces;
};

RunResult run_ranks(int world, std::int64_t from, std::int64_t to,
                    const std::vector<checkpoint::StateDict>& saved = {}) {
  const auto store = c10::make_intrusive<c10d::HashStore>();
  RunResult result;
  result.pieces.resize(static_cast<std::size_t>(world));
  std::mutex mutex;
  std::vector<std::vector<at::Tensor>> gradients;
  for (std::int64_t step = from; step < to; ++step) {
    AdamW::Parameters shapes = some_parameters();
    set_gradients(shapes, step);
    gradients.emplace_back();
    for (auto& item : shapes) gradients.back().push_back(item.second.grad());
  }
  std::vector<AdamW::Parameters> each;
  for (int rank = 0; rank < world; ++rank) each.push_back(some_parameters());
  std::vector<std::thread> threads;
  for (int rank = 0; rank < world; ++rank) {
    threads.emplace_back([&, rank] {
      const auto index = static_cast<std::size_t>(rank);
      AdamW optimizer(each[index], some_options(),
                      world == 1 ? single_process() : store_comm(store, rank, world, 20));
      if (!saved.empty()) optimizer.restore(saved, from);
      for (const auto& step : gradients) {
        for (std::size_t i = 0; i < step.size(); ++i) {
          each[index][i].second.mutable_grad() = step[i].clone();
        }
        optimizer.step();
      }
      const std::lock_guard lock(mutex);
      for (const auto& [name, tensor] : optimizer.shard()) {
        result.pieces[index].emplace(name, tensor.clone());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  result.parameters = each[0];
  for (const auto& other : each) {
    for (std::size_t i = 0; i < other.size(); ++i) {
      EXPECT_TRUE(at::equal(other[i].second, each[0][i].second)) << "ranks differ";
    }
  }
  return result;
}

TEST(AdamW, RanksGiveTheNumbersOfOneProcess) {
  const RunResult one = run_ranks(1, 0, 5);
  for (const int world : {2, 3, 4}) {
    const RunResult many = run_ranks(world, 0, 5);
    for (std::size_t i = 0; i < one.parameters.size(); ++i) {
      EXPECT_TRUE(at::allclose(one.parameters[i].second, many.parameters[i].second, 1e-6, 1e-7));
    }
  }
}

TEST(AdamW, GoesOnExactlyFromItsPieces) {
  const RunResult straight = run_ranks(2, 0, 6);
  const RunResult first = run_ranks(2, 0, 3);
  const RunResult second = run_ranks(2, 3, 6, first.pieces);
  const RunResult other_ranks = run_ranks(3, 3, 6, first.pieces);
  for (std::size_t i = 0; i < straight.parameters.size(); ++i) {
    EXPECT_TRUE(at::equal(straight.parameters[i].second, second.parameters[i].second));
    EXPECT_TRUE(
        at::allclose(straight.parameters[i].second, other_ranks.parameters[i].second, 1e-6, 1e-7));
  }
}

TEST(AdamW, RefusesAStateOfAnotherModel) {
  const RunResult saved = run_ranks(1, 0, 1);
  AdamW::Parameters other = {{"a", at::zeros({4})}};
  AdamWOptions options;
  AdamW optimizer(other, options, single_process());
  EXPECT_THROW(optimizer.restore(saved.pieces, 1), Error);
}

TEST(RateSchedule, WarmsUpFromZeroAndStaysAtTheEnd) {
  RateSchedule schedule{1e-3, RateShape::cosine, 4, 20};
  EXPECT_EQ(schedule.at(0), 0.0);
  EXPECT_NEAR(schedule.at(2), 5e-4, 1e-12);
  EXPECT_NEAR(schedule.at(4), 1e-3, 1e-12);
  EXPECT_NEAR(schedule.at(12), 5e-4, 1e-12);
  EXPECT_NEAR(schedule.at(20), 0.0, 1e-12);
  EXPECT_NEAR(schedule.at(30), 0.0, 1e-12);
}

TEST(StoreComm, NamesARankThatIsMissing) {
  const auto comm = store_comm(c10::make_intrusive<c10d::HashStore>(), 0, 2, 1);
  at::Tensor value = at::ones({2});
  try {
    comm->all_reduce_sum(value);
    FAIL() << "a rank that never came was not missed";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("rank 1"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace oasis::train
