#include <fmt/format.h>
#include <torch/torch.h>
#include "train/trainer_run.h"

#include <chrono>
#include <cmath>
#include <csignal>

#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/log.h"
#include "oasis/train/memory_plan.h"
#include "oasis/train/replace_folder.h"

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

TrainableModel load_model(const TrainConfig& config, bool with_encoder, c10::Device device,
                          c10::ScalarType precision) {
  TrainableModel model(config.start, config.parts, with_encoder, device, precision);
  if (config.lora) model.add_lora(*config.lora, config.seed);
  return model;
}

/// `oasis-infer` takes the moving average: one that forgets slowly undoes a short training.
void warn_of_slow_average(const TrainConfig& config) {
  if (!config.optimizer.ema_decay) return;
  constexpr double noticeable = 0.1;
  const double start = remembered_start(*config.optimizer.ema_decay, config.steps);
  if (start < noticeable) return;
  log::warn(
      "after {} steps the moving average (optimizer.ema: {}) is still {:.0f}% the weights that "
      "training begins from: use a smaller one, or 'ema: off'",
      config.steps, *config.optimizer.ema_decay, 100.0 * start);
}

}  // namespace

Trainer::Run::Run(TrainConfig given, std::shared_ptr<const data::SampleSource> samples,
                  c10::Device on, std::shared_ptr<Comm> ranks, Validation check)
    : config(std::move(given)),
      source(std::move(samples)),
      device(on),
      comm(std::move(ranks)),
      validation(std::move(check)),
      precision(parse_precision(config.precision, on)),
      loss(config.loss, on, precision),
      model(load_model(config, loss.needs_latent(), on, precision)),
      optimizer(model.trained(), with_exemptions(config.optimizer, model.trained()), comm),
      gradients(model.trained(), comm),
      part_gradients(model.trained()),
      checkpoints(config.output) {
  model.use_head_map(config.head_map);
  if (config.distil) {
    distiller = std::make_unique<Distiller>(*config.distil, model.about(), on, precision);
  }
  if (config.condition_dropout > 0 && model.about().taehv.condition_channels == 0) {
    throw Error(ExitCode::usage,
                fmt::format("train.condition_dropout is for decoders that see the LQ frames; the "
                            "{} decoder of {} does not: leave it out",
                            to_string(model.about().decoder), config.start.string()));
  }
  choose_memory();
  state.config = config.text;
  if (config.global_batch % (comm->world() * config.micro_batch) != 0) {
    throw Error(ExitCode::usage,
                fmt::format("batch.global {} is no multiple of {} processes times batch.micro {}",
                            config.global_batch, comm->world(), config.micro_batch));
  }
}

void Trainer::Run::choose_memory() {
  Recompute recompute = config.recompute;
  if (recompute == Recompute::automatic) {
    const auto counts = count_parameters(model.about(), config.parts, config.lora);
    recompute = device.is_cpu() ? Recompute::off
                                : choose_recompute(model.about(),
                                                   memory_question(config, counts, comm->world()),
                                                   device_memory(device));
  }
  model.set_recompute(recompute != Recompute::off, recompute == Recompute::all);
  loss.set_recompute(recompute == Recompute::all);
  log::debug("recomputed in the backward pass: {}", to_string(recompute));
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
  replace_folder(part, folder);
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
  if (leads) warn_of_slow_average(run.config);
  if (leads) run.log_file = std::make_unique<TrainingLog>(run.config.output, run.state.step);
  run.start_loader();
  if (leads) {
    run.progress =
        std::make_unique<Progress>("training", "steps", run.config.steps, run.state.step);
  }
  TrainingResult result;
  const auto begin = Clock::now();
  while (run.state.step < run.config.steps) {
    const auto start = Clock::now();
    const LogRow row = run.train_step();
    const double seconds = seconds_since(start);
    run.state.seconds += seconds;
    run.report(row, seconds);
    result.last_loss = row.at("loss");
    if (run.skipped_in_a_row >= run.config.stop_after_skipped) {
      throw Error(
          ExitCode::failed,
          fmt::format("{} steps in a row without a finite gradient; the last good state is "
                      "the checkpoint of step {}",
                      run.skipped_in_a_row,
                      run.checkpoints.steps().empty() ? 0 : run.checkpoints.steps().back()));
    }
    const int signal = run.signal_raised;
    const bool last = run.state.step == run.config.steps;
    if (run.state.step % run.config.validate_every == 0 || last) run.validate();
    if (run.save_asked || signal != 0 || last || run.state.step % run.config.save_every == 0)
      run.save();
    if (signal != 0) {
      result.signal = signal;
      break;
    }
  }
  if (leads) run.progress->finish();
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
  result.peak_bytes = peak_memory(run.device);
  return result;
}

}  // namespace oasis::train
