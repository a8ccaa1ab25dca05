// Trains OASIS: `oasis-train --config stage1.yaml`.
#include <fmt/format.h>

#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>

#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/log.h"
#include "oasis/core/memory.h"
#include "oasis/core/program.h"
#include "oasis/core/progress.h"
#include "oasis/train/launch.h"
#include "oasis/train/report_page.h"
#include "oasis/train/trainer.h"
#include "train_options.h"
#include "train_preview.h"
#include "train_source.h"
#include "train_validation.h"

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

int train_model(const TrainOptions& options, const train::TrainConfig& config) {
  const train::Placement placement = train::find_placement(train::process_environment);
  const bool many_gpus = placement.world > 1 && options.device == "cuda";
  const c10::Device device =
      parse_device(many_gpus ? fmt::format("cuda:{}", placement.local_rank) : options.device);
  if (placement.rank != 0) log::set_level(log::Level::warn);
  Progress::silence(options.quiet || placement.rank != 0);
  train::Trainer trainer(config, make_source(config), device, train::join(placement, device),
                         options.dry_run ? train::Validation() : make_validation(config, device));
  if (options.dry_run) {
    print_dry_run(config, trainer.dry_run(), options.json);
    return 0;
  }
  if (!options.resume || !trainer.resume()) {
    if (std::filesystem::exists(config.output / "checkpoints") && !options.resume) {
      throw Error(
          ExitCode::usage,
          fmt::format("{} holds checkpoints of an earlier run: go on with --resume auto, or "
                      "choose another output",
                      config.output.string()));
    }
  }
  const train::TrainingResult result = trainer.run();
  if (placement.rank == 0) train::write_report_page(config.output);
  if (options.json) {
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

int run(int argc, char** argv) {
  const auto options = parse_train_options(argc, argv);
  if (!options) return 0;
  if (options->verbose) log::set_level(log::Level::debug);
  if (options->quiet) log::set_level(log::Level::warn);
  Progress::silence(options->quiet);
  install_interrupt_handlers();
  install_save_handler();
  keep_freed_memory();
  set_threads(options->threads);
  const train::TrainConfig config = train::load_train_config(options->config, options->overrides);
  if (options->check_data) return check_data(config);
  if (options->preview > 0) {
    const auto path = config.output / "preview.png";
    write_contact_sheet(path, *make_source(config), options->preview);
    log::info("{}", path.string());
    return 0;
  }
  if (!options->degrade_to.empty()) {
    write_packed(options->degrade_to, make_source(config), options->samples,
                 static_cast<int>(config.data.threads));
    return 0;
  }
  return train_model(*options, config);
}

}  // namespace
}  // namespace oasis::tools

int main(int argc, char** argv) {
  return oasis::run_program([&] { return oasis::tools::run(argc, argv); },
                            "choose a smaller batch.micro, data.frames, data.width or data.height");
}
