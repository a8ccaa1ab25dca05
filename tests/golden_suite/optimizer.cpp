#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "oasis/train/adamw.h"
#include "registry.h"

namespace oasis::golden {
namespace {

train::RateSchedule schedule_of(const nlohmann::json& config) {
  train::RateSchedule schedule;
  schedule.base = config.at("lr");
  const auto& json = config.at("schedule");
  if (json.is_null()) return schedule;
  schedule.shape = train::rate_shape_from(json.at("type"));
  schedule.warmup_steps = json.value("warmup_steps", 0);
  schedule.total_steps = json.value("total_steps", 0);
  return schedule;
}

train::AdamWOptions options_of(const nlohmann::json& config) {
  train::AdamWOptions options;
  options.beta1 = config.at("betas").at(0);
  options.beta2 = config.at("betas").at(1);
  options.eps = config.at("eps");
  options.weight_decay = config.at("weight_decay");
  options.no_decay = config.at("no_decay").get<std::set<std::string>>();
  if (!config.at("max_grad_norm").is_null()) options.max_grad_norm = config.at("max_grad_norm");
  if (!config.at("ema_decay").is_null()) options.ema_decay = config.at("ema_decay");
  options.rate = schedule_of(config);
  return options;
}

// What one run leaves behind, by the names of the fixture's outputs.
using Outputs = std::map<std::string, at::Tensor>;

void report(Outputs& outputs, const train::AdamW& optimizer, std::int64_t step) {
  const auto add = [&](const char* what, const checkpoint::StateDict& values) {
    for (const auto& [name, tensor] : values) {
      outputs[fmt::format("{}.{}.{}", what, step, name)] = tensor;
    }
  };
  add("param", optimizer.master());
  add("exp_avg", optimizer.exp_avg());
  add("exp_avg_sq", optimizer.exp_avg_sq());
  add("ema", optimizer.ema());
}

// The gradients that process `rank` of `world` sees in a step: the mean over its share of `ranks`.
void set_gradients(const Fixture& fixture, train::AdamW::Parameters& parameters, std::int64_t step,
                   int rank, int world) {
  const int ranks = fixture.config().value("ranks", 0);
  for (auto& [name, tensor] : parameters) {
    if (ranks == 0) {
      tensor.mutable_grad() = fixture.input(fmt::format("grad.{}.{}", step, name)).clone();
      continue;
    }
    const int share = ranks / world;
    at::Tensor sum;
    for (int i = rank * share; i < (rank + 1) * share; ++i) {
      const at::Tensor part = fixture.input(fmt::format("grad.{}.{}.{}", step, i, name));
      sum = sum.defined() ? sum + part : part.clone();
    }
    tensor.mutable_grad() = sum / share;
  }
}

Outputs run(const Fixture& fixture, const std::shared_ptr<train::Comm>& comm) {
  const auto& config = fixture.config();
  train::AdamW::Parameters parameters;
  for (const auto& [name, tensor] : checkpoint::below_prefix(fixture.group("input"), "param.")) {
    parameters.emplace_back(name, tensor.clone());
  }
  train::AdamW optimizer(parameters, options_of(config), comm);
  const auto ema = checkpoint::below_prefix(fixture.group("input"), "ema.");
  if (!ema.empty()) optimizer.set_ema(ema);
  Outputs outputs;
  std::vector<double> norms;
  std::vector<double> rates;
  const auto reported = config.at("report").get<std::set<std::int64_t>>();
  for (std::int64_t step = 1; step <= config.at("steps").get<std::int64_t>(); ++step) {
    set_gradients(fixture, parameters, step, comm->rank(), comm->world());
    const auto result = optimizer.step();
    norms.push_back(result.grad_norm);
    rates.push_back(result.rate);
    if (reported.count(step) != 0) report(outputs, optimizer, step);
  }
  outputs["grad_norm"] = at::tensor(norms, at::kDouble);
  outputs["lr"] = at::tensor(rates, at::kDouble);
  return outputs;
}

void compare(const Fixture& fixture, const Outputs& outputs) {
  for (const auto& [name, expected] : fixture.group("output")) {
    ASSERT_EQ(outputs.count(name), 1U) << name;
    fixture.expect_close(name, outputs.at(name));
  }
}

void check_shards(const Fixture& fixture, int world) {
  const auto store = c10::make_intrusive<c10d::HashStore>();
  std::vector<Outputs> outputs(static_cast<std::size_t>(world));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < world; ++rank) {
    threads.emplace_back([&, rank] {
      outputs[static_cast<std::size_t>(rank)] = run(fixture, train::store_comm(store, rank, world));
    });
  }
  for (auto& thread : threads) thread.join();
  for (const Outputs& each : outputs) compare(fixture, each);
}

void check_optimizer(const Fixture& fixture) {
  const auto& config = fixture.config();
  const std::string kind = config.at("kind");
  if (kind == "schedule") {
    const train::RateSchedule schedule = schedule_of(config);
    std::vector<double> rates;
    for (std::int64_t k = 0; k < config.at("steps").get<std::int64_t>(); ++k) {
      rates.push_back(schedule.at(k));
    }
    fixture.expect_close("lr", at::tensor(rates, at::kDouble));
    return;
  }
  if (kind == "adamw") {
    compare(fixture, run(fixture, train::single_process()));
    return;
  }
  ASSERT_EQ(kind, "zero1");
  const int ranks = config.at("ranks");
  compare(fixture, run(fixture, train::single_process()));
  for (int world = 2; world <= ranks; ++world) {
    if (ranks % world == 0) check_shards(fixture, world);
  }
}

const AreaRegistration registration("optimizer", &check_optimizer);

}  // namespace
}  // namespace oasis::golden
