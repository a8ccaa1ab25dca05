#include "oasis/train/trainer.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <fstream>

#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/log.h"
#include "oasis/core/progress.h"
#include "oasis/data/sample_loader.h"
#include "oasis/train/checkpoint_folder.h"
#include "oasis/train/training_loss.h"

namespace oasis::train {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// No decay on one-dimensional tensors and modulation tables.
AdamWOptions with_exemptions(AdamWOptions options, const AdamW::Parameters& parameters) {
  for (const auto& [name, tensor] : parameters) {
    if (tensor.dim() < 2 || name.find("modulation") != std::string::npos) {
      options.no_decay.insert(name);
    }
  }
  return options;
}

// The peak of this process's memory.
std::int64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::atoll(line.c_str() + 6) * 1024;
  }
  return 0;
}

}  // namespace

struct Trainer::Run {
  Run(TrainConfig given, std::shared_ptr<const data::SampleSource> samples, c10::Device on,
      std::shared_ptr<Comm> ranks, Validation check);

  std::int64_t local_batch() const { return config.global_batch / comm->world(); }
  void start_loader();
  LogRow train_step();
  void accumulate(LogRow& row, std::int64_t micro_batches);
  void save();
  void validate();
  void write_model(const std::filesystem::path& folder);
  void report(const LogRow& row, double step_seconds);
  /// Whether any rank was asked to stop (the signal) or to save.
  std::pair<int, bool> requests();

  TrainConfig config;
  std::shared_ptr<const data::SampleSource> source;
  c10::Device device;
  std::shared_ptr<Comm> comm;
  Validation validation;
  c10::ScalarType precision;
  TrainingLoss loss;
  TrainableModel model;
  AdamW optimizer;
  CheckpointFolder checkpoints;
  TrainingState state;
  std::unique_ptr<data::SampleLoader> loader;
  std::unique_ptr<TrainingLog> log_file;
  std::int64_t skipped_in_a_row = 0;
  double waited_before = 0;
};

Trainer::Run::Run(TrainConfig given, std::shared_ptr<const data::SampleSource> samples,
                  c10::Device on, std::shared_ptr<Comm> ranks, Validation check)
    : config(std::move(given)),
      source(std::move(samples)),
      device(on),
      comm(std::move(ranks)),
      validation(std::move(check)),
      precision(parse_precision(config.precision, on)),
      loss(config.loss, on, precision),
      model(config.start, config.parts, loss.needs_latent(), on, precision),
      optimizer(model.trained(), with_exemptions(config.optimizer, model.trained()), comm),
      checkpoints(config.output) {
  model.use_head_map(config.head_map);
  state.config = config.text;
  if (config.global_batch % (comm->world() * config.micro_batch) != 0) {
    throw Error(ExitCode::usage,
                fmt::format("batch.global {} is no multiple of {} processes times batch.micro {}",
                            config.global_batch, comm->world(), config.micro_batch));
  }
}

void Trainer::Run::start_loader() {
  data::LoaderOptions options;
  options.threads = static_cast<int>(config.data.threads);
  options.ahead = static_cast<std::size_t>(config.data.ahead);
  options.pin_memory = device.is_cuda();
  const auto global = static_cast<std::uint64_t>(config.global_batch);
  const auto local = static_cast<std::uint64_t>(local_batch());
  const auto first = static_cast<std::uint64_t>(state.step) * global +
                     static_cast<std::uint64_t>(comm->rank()) * local;
  loader = std::make_unique<data::SampleLoader>(
      source, [=](std::uint64_t n) { return first + n / local * global + n % local; }, options);
}

void Trainer::Run::accumulate(LogRow& row, std::int64_t micro_batches) {
  std::vector<at::Tensor> hq;
  std::vector<at::Tensor> lq;
  for (std::int64_t i = 0; i < config.micro_batch; ++i) {
    const data::TrainingSample sample = loader->next();
    hq.push_back(sample.hq);
    lq.push_back(sample.lq);
  }
  const at::Tensor target = at::stack(hq).to(device, /*non_blocking=*/true);
  const at::Tensor input = at::stack(lq).to(device, /*non_blocking=*/true);
  const at::Tensor latent = loss.needs_latent() ? model.encode(target) : at::Tensor();
  const auto [total, parts] = loss.forward(model.forward(input), target, latent);
  const double share = 1.0 / static_cast<double>(micro_batches);
  (total * share).backward();
  row["loss"] += share * total.item<double>();
  for (const auto& [name, value] : parts) row["loss/" + name] += share * value.item<double>();
}

LogRow Trainer::Run::train_step() {
  for (const auto& [name, tensor] : model.trained()) tensor.mutable_grad() = at::Tensor();
  LogRow row;
  const std::int64_t micro_batches = local_batch() / config.micro_batch;
  for (std::int64_t i = 0; i < micro_batches; ++i) accumulate(row, micro_batches);
  const StepReport done = optimizer.step();
  skipped_in_a_row = done.skipped ? skipped_in_a_row + 1 : 0;
  state.skipped += done.skipped ? 1 : 0;
  ++state.step;
  std::vector<double> values;
  for (const auto& item : row) values.push_back(item.second);
  at::Tensor sums = at::tensor(values, at::kDouble).to(device);
  comm->all_reduce_sum(sums);
  std::int64_t next = 0;
  sums = sums.cpu();
  for (auto& item : row) item.second = sums[next++].item<double>() / comm->world();
  row["rate"] = done.rate;
  row["grad_norm"] = done.grad_norm;
  return row;
}

std::pair<int, bool> Trainer::Run::requests() {
  at::Tensor flags = at::tensor({static_cast<double>(pending_signal() == SIGTERM),
                                 static_cast<double>(pending_signal() == SIGINT),
                                 static_cast<double>(take_save_request())},
                                at::kDouble)
                         .to(device);
  comm->all_reduce_sum(flags);
  flags = flags.cpu();
  const auto raised = [&flags](std::int64_t i) { return flags[i].item<double>() > 0; };
  const int signal = raised(0) ? SIGTERM : raised(1) ? SIGINT : 0;
  return {signal, raised(2)};
}

void Trainer::Run::save() {
  state.shards = {optimizer.shard()};
  checkpoints.save(state, config.keep_last, *comm);
  state.shards.clear();
  if (log_file) log_file->flush();
}

void Trainer::Run::write_model(const std::filesystem::path& folder) {
  // Gathering is a call of all ranks; rank 0 writes.
  const checkpoint::StateDict master = optimizer.master();
  const checkpoint::StateDict ema = optimizer.ema();
  if (comm->rank() != 0) return;
  const std::filesystem::path part = folder.string() + ".part";
  std::filesystem::remove_all(part);
  model.save(part, master, ema,
             fmt::format("trained by oasis-train: {} steps of stage {} from {}", state.step,
                         config.stage, model.about().name));
  std::filesystem::remove_all(folder);
  std::filesystem::rename(part, folder);
}

void Trainer::Run::validate() {
  if (!validation) return;
  double score = 0;
  if (comm->rank() == 0) {
    const torch::NoGradGuard no_grad;
    const ValidationResult result = validation(model, state.step);
    log_file->add(state.step, result.row);
    score = result.score;
  }
  at::Tensor shared = at::full({1}, score, at::kDouble).to(device);
  comm->broadcast(shared, 0);
  score = shared.item<double>();
  if (score <= state.best_score) return;
  state.best_score = score;
  write_model(config.output / "best");
}

void Trainer::Run::report(const LogRow& row, double step_seconds) {
  if (comm->rank() != 0) return;
  log_file->add(state.step, row);
  std::string parts;
  for (const auto& [name, value] : row) {
    if (name.rfind("loss/", 0) == 0) parts += fmt::format(" {} {:.4g}", name.substr(5), value);
  }
  const double waited = loader->waited() - waited_before;
  waited_before = loader->waited();
  const double share = 100.0 * waited / std::max(step_seconds, 1e-9);
  log::debug(
      "step {}: loss {:.5g} ({} ), rate {:.3g}, gradient {:.3g}, {:.2f} samples/s, waited "
      "{:.0f}% for data",
      state.step, row.at("loss"), parts, row.at("rate"), row.at("grad_norm"),
      static_cast<double>(config.global_batch) / step_seconds, share);
}

Trainer::Trainer(TrainConfig config, std::shared_ptr<const data::SampleSource> source,
                 c10::Device device, std::shared_ptr<Comm> comm, Validation validation)
    : run_(std::make_unique<Run>(std::move(config), std::move(source), device, std::move(comm),
                                 std::move(validation))) {}

Trainer::~Trainer() = default;

bool Trainer::resume() {
  auto saved = run_->checkpoints.load_newest();
  if (!saved) return false;
  run_->optimizer.restore(saved->shards, saved->step);
  saved->shards.clear();
  saved->config = run_->config.text;
  run_->state = std::move(*saved);
  log::info("going on from step {} of {}", run_->state.step, run_->config.steps);
  return true;
}

TrainingResult Trainer::run() {
  Run& run = *run_;
  const bool leads = run.comm->rank() == 0;
  if (leads) run.log_file = std::make_unique<TrainingLog>(run.config.output, run.state.step);
  run.start_loader();
  Progress progress("training", "steps", run.config.steps);
  TrainingResult result;
  const auto begin = Clock::now();
  while (run.state.step < run.config.steps) {
    const auto start = Clock::now();
    const LogRow row = run.train_step();
    const double seconds = seconds_since(start);
    run.state.seconds += seconds;
    run.report(row, seconds);
    result.last_loss = row.at("loss");
    if (leads) progress.update(run.state.step);
    if (run.skipped_in_a_row >= run.config.stop_after_skipped) {
      throw Error(
          ExitCode::failed,
          fmt::format("{} steps in a row without a finite gradient; the last good state is "
                      "the checkpoint of step {}",
                      run.skipped_in_a_row,
                      run.checkpoints.steps().empty() ? 0 : run.checkpoints.steps().back()));
    }
    const auto [signal, asked] = run.requests();
    const bool last = run.state.step == run.config.steps;
    if (run.state.step % run.config.validate_every == 0 || last) run.validate();
    if (asked || signal != 0 || last || run.state.step % run.config.save_every == 0) run.save();
    if (signal != 0) {
      result.signal = signal;
      break;
    }
  }
  if (leads) progress.finish();
  const double waited_total = run.loader->waited();
  const double all = seconds_since(begin);
  if (leads && all > 5 && waited_total > 0.05 * all) {
    log::warn(
        "training waited {:.0f}% of the time for data: more data.threads, or packed samples "
        "(oasis-train --degrade-to) would help",
        100.0 * waited_total / all);
  }
  run.loader.reset();
  if (result.signal == 0) run.write_model(run.config.output / "model");
  result.step = run.state.step;
  result.skipped = run.state.skipped;
  return result;
}

DryRun Trainer::dry_run() {
  Run& run = *run_;
  run.start_loader();
  run.train_step();  // the first call is slower
  constexpr int measured = 3;
  const auto start = Clock::now();
  for (int i = 0; i < measured; ++i) run.train_step();
  DryRun result;
  result.trained = run.model.trained_count();
  result.frozen = run.model.frozen_count();
  result.step_seconds = seconds_since(start) / measured;
  result.total_seconds = result.step_seconds * static_cast<double>(run.config.steps);
  result.peak_bytes = peak_memory();
  return result;
}

}  // namespace oasis::train
