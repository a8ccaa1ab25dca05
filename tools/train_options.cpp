#include "train_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "common_options.h"
#include "oasis/core/error.h"
#include "oasis/core/version.h"

namespace oasis::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  oasis-train --config configs/nano-stage1.yaml
      Train; checkpoints, log.csv, TensorBoard events and pictures go to the config's output folder.
  oasis-train --config configs/nano-stage1.yaml --resume auto
      Go on from the newest checkpoint, or begin.
  oasis-train --config configs/stage1.yaml --set data.train=/videos --check-data
      List the files that cannot be used, and why.
  oasis-train --config configs/stage2.yaml --preview 8
      A contact sheet of 8 clips, HQ beside LQ, with what was drawn.
  oasis-train --config configs/stage1.yaml --degrade-to packed --samples 4096
      Write packed training samples, which data.train can then name.
  oasis-train --config configs/stage2.yaml --set data.train=clips --degrade-to set --whole --seeds 3
      Evaluation sets: set/hq/NAME.mkv and set/lq/seed0/NAME.mkv to seed2, lossless.
  oasis-train --config configs/stage1.yaml --device cuda --ridge 100
      Initialise the projector of the start folder (training does so itself: projector_init).
  oasis-train --config configs/stage1.yaml --gpus 8
      Eight processes, one for each GPU of this machine.

Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 3 input cannot be read, 6 some files of
the training set cannot be used (--check-data), 130 interrupted and 143 terminated (both have saved).)";

void add_degrade_options(CLI::App& app, TrainOptions& options) {
  auto* degrade_to =
      app.add_option("--degrade-to", options.degrade_to,
                     "Write packed samples (or --whole clips) of data.train to a folder and stop");
  auto* whole = app.add_flag("--whole", options.whole,
                             "With --degrade-to: whole clips, lossless, for evaluation sets")
                    ->needs(degrade_to);
  app.add_option("--samples", options.samples, "Samples that --degrade-to makes")
      ->check(CLI::PositiveNumber)
      ->excludes(whole)
      ->capture_default_str();
  app.add_option("--seeds", options.seeds, "Variants that --whole makes of each clip")
      ->check(CLI::Range(1, 1000))
      ->needs(whole)
      ->capture_default_str();
  app.add_option("--frames", options.frames, "Frames of a clip that --whole takes (default: all)")
      ->check(CLI::PositiveNumber)
      ->needs(whole);
}

void check(const TrainOptions& options) {
  const bool trains = !options.check_data && options.preview == 0 && options.degrade_to.empty() &&
                      options.ridge == 0;
  if (options.processes > 1 && !trains) {
    throw Error(ExitCode::usage, "--processes and --gpus are for training: leave them out");
  }
  if (options.processes > 1 && options.device.starts_with("cuda:")) {
    throw Error(ExitCode::usage, "--processes takes one GPU each: give --device cuda");
  }
}

}  // namespace

std::optional<TrainOptions> parse_train_options(int argc, char** argv) {
  CLI::App app("Trains OASIS.");
  app.set_version_flag("--version", version());
  app.footer(kExamples);
  TrainOptions options;
  std::string resume;
  app.add_option("--config", options.config, "YAML file of the run")->required();
  app.add_option("--set", options.overrides, "key.key=value: overrides the file")
      ->allow_extra_args(false);
  app.add_option("--resume", resume, "auto: go on from the newest checkpoint, or begin")
      ->check(CLI::IsMember({"auto"}));
  app.add_flag("--dry-run", options.dry_run,
               "Load everything, make three steps, say what the run will cost, save nothing");
  app.add_flag("--check-data", options.check_data, "Index the training set and list its problems");
  app.add_option("--preview", options.preview, "Write a contact sheet of N samples and stop")
      ->check(CLI::Range(1, 64));
  add_degrade_options(app, options);
  app.add_option("--ridge", options.ridge,
                 "Fit the projector of the start folder to its Wan encoder on N training samples, "
                 "say how well, and stop (100 without N)")
      ->expected(0, 1)
      ->default_str("100")
      ->check(CLI::PositiveNumber);
  auto* device =
      app.add_option("--device", options.device, "cpu, cuda or cuda:N")->capture_default_str();
  auto* processes = app.add_option("--processes", options.processes,
                                   "Processes to start on this machine, which share the batch; "
                                   "with --device cuda each takes the GPU of its number")
                        ->check(CLI::Range(1, 1024));
  auto* gpus = app.add_option("--gpus", options.processes,
                              "The same as --device cuda --processes N: N GPUs of this machine")
                   ->check(CLI::Range(1, 1024))
                   ->excludes(processes)
                   ->excludes(device);
  app.add_option("--threads", options.threads, "CPU threads (default: all)")
      ->check(CLI::PositiveNumber);
  app.add_flag("--quiet", options.quiet, "Warnings and errors only");
  app.add_flag("--verbose", options.verbose, "One line a step");
  app.add_flag("--json", options.json, "The result as JSON on standard output");
  if (!parse_command_line(app, "oasis-train", argc, argv)) return std::nullopt;
  options.resume = !resume.empty();
  if (gpus->count() > 0) options.device = "cuda";
  check(options);
  return options;
}

}  // namespace oasis::tools
