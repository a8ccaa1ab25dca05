// Checkpoints to a model folder and back: the subcommands are in convert_*.cpp.
#include <CLI/CLI.hpp>

#include "convert_commands.h"
#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/core/program.h"
#include "oasis/core/version.h"

namespace {

using namespace oasis;

constexpr const char* examples =
    "examples:\n"
    "  oasis-convert init --size nano my-model\n"
    "  oasis-convert wan --dit Wan2.1-T2V-1.3B --vae Wan2.1-T2V-1.3B/Wan2.1_VAE.pth \\\n"
    "      --t5 Wan2.1-T2V-1.3B/models_t5_umt5-xxl-enc-bf16.pth oasis-wan\n"
    "  oasis-convert verify oasis-wan\n"
    "  oasis-convert export --to diffusers --model oasis-wan --out transformer\n"
    "  oasis-convert merge --model oasis-wan --lora dit_lora.safetensors oasis-merged\n"
    "  oasis-convert average runs/seed1/model runs/seed2/model --out my-mean\n"
    "  oasis-convert pack runs/stage2/model my-model --precision bf16 --name my-model";

int run(int argc, char** argv) {
  CLI::App app("Turns checkpoints into a model folder of OASIS, and back.");
  app.set_version_flag("--version", version());
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(examples);
  app.add_flag_callback(
      "--quiet", [] { log::set_level(log::Level::warn); }, "Only warnings and errors");
  app.add_flag_callback(
      "--verbose", [] { log::set_level(log::Level::debug); }, "More detail");
  app.add_option_function<int>(
         "--threads", [](const int& threads) { set_threads(threads); },
         "CPU threads (default: all)")
      ->check(CLI::NonNegativeNumber);
  tools::add_init_command(app);
  tools::add_wan_command(app);
  tools::add_export_command(app);
  tools::add_merge_command(app);
  tools::add_student_command(app);
  tools::add_average_command(app);
  tools::add_pack_command(app);
  tools::add_clip_command(app);
  tools::add_verify_command(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::usage);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return oasis::run_program([&] { return run(argc, argv); },
                            "free some, or convert on a machine with more");
}
