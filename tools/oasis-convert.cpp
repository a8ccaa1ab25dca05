// Checkpoints to a model folder: `oasis-convert init` and `oasis-convert wan`.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "convert_wan.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/core/version.h"
#include "oasis/model/oasis_model.h"

namespace {

using namespace oasis;

struct InitOptions {
  std::string size = "tiny";
  std::string precision = "fp32";
  std::filesystem::path out;
  std::uint64_t seed = 0;
};

void refuse_existing(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / "model.yaml")) {
    throw Error(ExitCode::usage,
                fmt::format("{}: holds a model already; choose another folder", folder.string()));
  }
}

void run_init(const InitOptions& options) {
  refuse_existing(options.out);
  auto about = options.size == "tiny" ? model::tiny_description() : model::wan_1_3b_description();
  about.precision = options.precision;
  model::initialise_model_folder(options.out, about, options.seed);
  log::info("{}: {} with initial weights (not trained), {} parameters in the DiT",
            options.out.string(), about.name, model::parameter_count(about.dit));
}

int run(int argc, char** argv) {
  CLI::App app("Turns checkpoints into a model folder of OASIS.");
  app.set_version_flag("--version", version());
  app.require_subcommand(1);
  app.footer(
      "examples:\n"
      "  oasis-convert init --size tiny my-model\n"
      "  oasis-convert wan --dit Wan2.1-T2V-1.3B --vae Wan2.1_VAE.pth "
      "--t5 models_t5_umt5-xxl-enc-bf16.pth oasis-wan");

  InitOptions init;
  CLI::App* init_command = app.add_subcommand("init", "a model without weights, to be trained");
  init_command->add_option("--size", init.size, "tiny or wan-1.3b")
      ->check(CLI::IsMember({"tiny", "wan-1.3b"}))
      ->capture_default_str();
  init_command->add_option("--precision", init.precision, "of the stored weights")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
      ->capture_default_str();
  init_command->add_option("--seed", init.seed, "of the initial weights")->capture_default_str();
  init_command->add_option("OUT", init.out, "the model folder to make")->required();

  tools::WanSources wan;
  CLI::App* wan_command = app.add_subcommand("wan", "from published Wan2.1 checkpoints");
  wan_command->add_option("--dit", wan.dit, "DiT: safetensors file, index, or folder")->required();
  wan_command->add_option("--vae", wan.vae, "Wan VAE: .pth or safetensors");
  wan_command->add_option("--taehv", wan.taehv,
                          "TAEHV decoder instead of the VAE's: .pth or safetensors");
  wan_command->add_option("--t5", wan.t5,
                          "umT5 encoder: .pth or safetensors (without it: a zero prompt)");
  wan_command->add_option("--precision", wan.precision, "of the stored weights")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
      ->capture_default_str();
  wan_command->add_option("--seed", wan.seed, "of the new projector's weights")
      ->capture_default_str();
  wan_command->add_option("OUT", wan.out, "the model folder to make")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::usage);
  }
  if (*init_command) run_init(init);
  if (*wan_command) {
    refuse_existing(wan.out);
    tools::convert_wan(wan);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    log::error("{}", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    log::error("{}", error.what());
    return static_cast<int>(ExitCode::failed);
  }
}
