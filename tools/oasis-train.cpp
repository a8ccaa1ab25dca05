// Trains OASIS: `oasis-train --config stage1.yaml`.
#include <fmt/format.h>

#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>

#include "common_loudness.h"
#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/log.h"
#include "oasis/core/memory.h"
#include "oasis/core/program.h"
#include "oasis/core/progress.h"
#include "oasis/train/checkpoint_folder.h"
#include "oasis/train/launch.h"
#include "oasis/train/launch_ranks.h"
#include "oasis/train/memory_plan.h"
#include "oasis/train/rank_group.h"
#include "oasis/train/report_page.h"
#include "oasis/train/trainer.h"
#include "train_options.h"
#include "train_preview.h"
#include "train_projector.h"
#include "train_source.h"
#include "train_validation.h"
#include "train_whole_clips.h"

namespace oasis::tools {
namespace {

void print_dry_run(const train::TrainConfig& config, const train::DryRun& run, bool json) {
  if (json) {
    fmt::print("{}\n", nlohmann::json{{"trained_parameters", run.trained},
                                      {"frozen_parameters", run.frozen},
                                      {"step_seconds", run.step_seconds},
                                      {"total_seconds", run.total_seconds},
                                      {"peak_bytes", run.peak_bytes}}
                           .dump());
    return;
  }
  fmt::print("parameters trained  {:>14}\nparameters frozen   {:>14}\n", run.trained, run.frozen);
  fmt::print("steps               {:>14}\nsamples a step      {:>14}\n", config.steps,
             config.global_batch);
  fmt::print("seconds a step      {:>14.2f}   (mean of 3 after the first)\n", run.step_seconds);
  fmt::print("the whole run       {:>14}\n", format_duration(run.total_seconds));
  fmt::print("peak memory         {:>10.2f} GiB\n",
             static_cast<double>(run.peak_bytes) / (1 << 30));
}

void print_memory_plan(const train::TrainConfig& config, int world) {
  const model::ModelDescription about = model::read_model_description(config.start);
  const auto counts = train::count_parameters(about, config.parts, config.lora);
  fmt::print("planned memory of a device:\n{}\n",
             train::describe_cards(about, train::memory_question(config, counts, world),
                                   config.global_batch / world));
}

train::Trainer make_trainer(const TrainOptions& options, const train::TrainConfig& config,
                            train::RankGroup& ranks, const train::Placement& placement) {
  // The index is made once, and before a device is touched.
  std::shared_ptr<const data::SampleSource> source;
  ranks.rank_0_first([&] { source = make_source(config); });
  const bool many_gpus = placement.world > 1 && options.device == "cuda";
  const c10::Device device =
      parse_device(many_gpus ? fmt::format("cuda:{}", placement.local_rank) : options.device);
  if (!options.dry_run) {
    ranks.rank_0_first([&] { prepare_projector(config, source, device); });
  }
  train::Validation validation;
  if (!options.dry_run) validation = make_validation(config, device, placement.rank);
  return {config, std::move(source), device, ranks.collectives(device), std::move(validation)};
}

void refuse_to_overwrite(const train::TrainConfig& config) {
  if (train::CheckpointFolder(config.output).steps().empty()) return;
  throw Error(ExitCode::usage,
              fmt::format("{} holds checkpoints of an earlier run: go on with --resume auto, or "
                          "choose another output",
                          config.output.string()));
}

int train_model(const TrainOptions& options, const train::TrainConfig& config,
                train::RankGroup& ranks, const train::Placement& placement) {
  if (!options.resume && !options.dry_run) refuse_to_overwrite(config);
  const bool leads = placement.rank == 0;
  if (options.dry_run && leads && !options.json) print_memory_plan(config, placement.world);
  train::Trainer trainer = make_trainer(options, config, ranks, placement);
  if (options.dry_run) {
    const train::DryRun cost = trainer.dry_run();
    if (leads) print_dry_run(config, cost, options.json);
    return 0;
  }
  if (options.resume) trainer.resume();
  const train::TrainingResult result = trainer.run();
  if (leads) train::write_report_page(config.output);
  if (leads && options.json) {
    fmt::print("{}\n", nlohmann::json{{"step", result.step},
                                      {"skipped", result.skipped},
                                      {"loss", result.last_loss},
                                      {"model", (config.output / "model").string()}}
                           .dump());
  }
  if (result.signal == SIGTERM) return static_cast<int>(ExitCode::terminated);
  if (result.signal == SIGINT) return static_cast<int>(ExitCode::interrupted);
  log::info("done: {} steps, {} skipped; the model is in {}", result.step, result.skipped,
            (config.output / "model").string());
  return 0;
}

int train_as_rank(const TrainOptions& options, const train::TrainConfig& config,
                  const train::Placement& placement) {
  if (placement.rank != 0) log::set_level(log::Level::warn);
  Progress::silence(options.quiet || placement.rank != 0);
  train::RankGroup ranks(placement, config.rank_timeout_seconds);
  return ranks.run([&] { return train_model(options, config, ranks, placement); });
}

// Only checks of options and configuration come before the ranks are started.
int launch(const TrainOptions& options, const train::Placement& placement, char** argv) {
  if (placement.world > 1) {
    throw Error(ExitCode::usage, fmt::format("{} has started this process already: leave "
                                             "--processes and --gpus out",
                                             placement.launcher));
  }
  return train::launch_ranks(options.processes, argv);
}

int run(int argc, char** argv) {
  const auto options = parse_train_options(argc, argv);
  if (!options) return 0;
  set_loudness(options->quiet, options->verbose);
  const train::TrainConfig config = train::load_train_config(options->config, options->overrides);
  const train::Placement placement = train::find_placement(train::process_environment);
  if (options->processes > 1 && !train::is_launched_rank()) {
    return launch(*options, placement, argv);
  }
  install_interrupt_handlers();
  install_save_handler();
  train::accept_launcher_signals();
  keep_freed_memory();
  set_threads(options->threads);
  if (options->check_data) return check_data(config);
  if (options->preview > 0) {
    const auto path = config.output / "preview.png";
    write_contact_sheet(path, *make_source(config), options->preview);
    log::info("{}", path.string());
    return 0;
  }
  if (options->ridge > 0) {
    return fit_start_projector(config, options->ridge, parse_device(options->device),
                               options->json);
  }
  if (!options->degrade_to.empty()) {
    if (options->whole) {
      return write_whole_clips(options->degrade_to, config, {options->seeds, options->frames});
    }
    write_packed(options->degrade_to, make_source(config), options->samples,
                 static_cast<int>(config.data.threads));
    return 0;
  }
  return train_as_rank(*options, config, placement);
}

}  // namespace
}  // namespace oasis::tools

int main(int argc, char** argv) {
  return oasis::run_program([&] { return oasis::tools::run(argc, argv); },
                            "choose a smaller batch.micro, data.frames, data.width or data.height");
}
