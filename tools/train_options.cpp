#include "train_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "oasis/core/error.h"
#include "oasis/core/version.h"

namespace oasis::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  oasis-train --config configs/tiny-stage1.yaml
      Train; checkpoints, log.csv, TensorBoard events and pictures go to the config's output folder.
  oasis-train --config configs/tiny-stage1.yaml --resume auto
      Go on from the newest checkpoint, or begin.
  oasis-train --config configs/stage1.yaml --set data.train=/videos --check-data
      List the files that cannot be used, and why.
  oasis-train --config configs/stage2.yaml --preview 8
      A contact sheet of 8 clips, HQ beside LQ, with what was drawn.
  oasis-train --config configs/stage1.yaml --degrade-to packed --samples 4096
      Write packed training samples, which data.train can then name.

Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 3 input cannot be read, 6 some files of
the training set cannot be used (--check-data), 130 interrupted and 143 terminated (both have saved).)";

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
  app.add_option("--degrade-to", options.degrade_to, "Write packed samples to a folder and stop");
  app.add_option("--samples", options.samples, "Samples that --degrade-to makes")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--device", options.device, "cpu, cuda or cuda:N")->capture_default_str();
  app.add_option("--threads", options.threads, "CPU threads (default: all)")
      ->check(CLI::PositiveNumber);
  app.add_flag("--quiet", options.quiet, "Warnings and errors only");
  app.add_flag("--verbose", options.verbose, "One line a step");
  app.add_flag("--json", options.json, "The result as JSON on standard output");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    app.exit(success);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    throw Error(ExitCode::usage, fmt::format("{} (see oasis-train --help)", error.what()));
  }
  options.resume = !resume.empty();
  return options;
}

}  // namespace oasis::tools
