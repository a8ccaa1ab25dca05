#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "convert_commands.h"
#include "convert_staged_folder.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/model/oasis_model.h"

namespace oasis::tools {
namespace {

namespace fs = std::filesystem;

struct StudentOptions {
  std::string kind = "light_conditional";
  std::vector<std::int64_t> widths = {256, 128, 64, 64};
  std::uint64_t seed = 0;  ///< of the new decoder's weights
  fs::path model;
  fs::path out;
};

/// Copied as they are. The decoder is new, model.yaml is written anew, and the encoder stays with
/// the teacher: a folder tells its shape by the Wan decoder's.
bool is_kept(const fs::path& file) {
  const std::string name = file.filename().string();
  return file.extension() == ".safetensors" && name.rfind("decoder", 0) != 0 &&
         name != "vae_encoder.safetensors";
}

void run_student(const StudentOptions& options) {
  model::ModelDescription about = model::read_model_description(options.model);
  const bool fits = options.widths.size() == 4 &&
                    *std::min_element(options.widths.begin(), options.widths.end()) > 0;
  if (!fits) {
    throw Error(ExitCode::usage, "--widths takes four widths, as in 256,128,64,64");
  }
  about.decoder = model::decoder_kind_from(options.kind);
  about.taehv = {};
  about.taehv.latent_channels = about.vae.z_dim;
  std::copy(options.widths.begin(), options.widths.end(), about.taehv.widths.begin());
  if (about.decoder == model::DecoderKind::light_conditional) {
    about.taehv.condition_channels = 12;
    about.taehv.named_head = true;
  }
  about.trained = false;
  about.provenance += fmt::format("; a new {} decoder, not trained", options.kind);
  StagedFolder folder(options.out);
  for (const auto& entry : fs::directory_iterator(options.model)) {
    if (entry.is_regular_file() && is_kept(entry.path())) {
      fs::copy_file(entry.path(), folder.path() / entry.path().filename());
    }
  }
  model::initialise_decoder(folder.path(), about, options.seed);
  model::write_model_description(folder.path(), about);
  folder.finish();
  log::info("{}: {} with a new decoder ({}, widths {}); train it with train.parts: decoder",
            options.out.string(), about.name, options.kind, fmt::join(options.widths, ", "));
}

}  // namespace

void add_student_command(CLI::App& app) {
  const auto options = std::make_shared<StudentOptions>();
  CLI::App* command =
      app.add_subcommand("student", "a model folder with a new light decoder, to be trained");
  command->add_option("--model", options->model, "the model folder that gives the rest")
      ->required();
  command->add_option("--kind", options->kind, "light_conditional (sees the LQ frames) or taehv")
      ->check(CLI::IsMember({"light_conditional", "taehv"}))
      ->capture_default_str();
  command->add_option("--widths", options->widths, "of its four levels, as in 256,128,64,64")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--seed", options->seed, "of the new weights")->capture_default_str();
  command->add_option("OUT", options->out, "the model folder to make")->required();
  command->callback([options] { run_student(*options); });
}

}  // namespace oasis::tools
