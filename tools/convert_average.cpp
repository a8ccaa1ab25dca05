#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "convert_commands.h"
#include "convert_staged_folder.h"
#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/model/architecture_text.h"
#include "oasis/model/average_weights.h"
#include "oasis/model/model_folder.h"

namespace oasis::tools {
namespace {

namespace fs = std::filesystem;

struct AverageOptions {
  std::vector<fs::path> models;
  fs::path out;
};

std::vector<std::vector<nn::HeadKind>> kinds_of(const model::ModelDescription& about) {
  return about.head_map.value_or(nn::all_global(about.dit.layers, about.dit.num_heads)).layers;
}

/// An adapter lies beside the weights that it belongs to, which training has left as they were.
void require_no_adapter(const fs::path& folder) {
  if (!fs::exists(folder / "dit_lora.safetensors")) return;
  throw Error(ExitCode::usage,
              fmt::format("{} has a LoRA: add it to its transformer first (oasis-convert merge)",
                          folder.string()));
}

/// What the first folder says of itself; the others must say the same of what their weights mean.
model::ModelDescription common_description(const std::vector<fs::path>& models) {
  const model::ModelDescription first = model::read_model_description(models.front());
  for (const fs::path& folder : models) {
    const model::ModelDescription about = model::read_model_description(folder);
    model::check_files(folder, about);
    require_no_adapter(folder);
    const char* differs = nullptr;
    if (model::architecture_text(about) != model::architecture_text(first)) differs = "model.yaml";
    if (kinds_of(about) != kinds_of(first)) differs = "head_map.yaml";
    if (differs == nullptr) continue;
    throw Error(ExitCode::usage,
                fmt::format("{} and {} are different models (see {}): only trainings of one model "
                            "can be averaged",
                            models.front().string(), folder.string(), differs));
  }
  return first;
}

void write_mean(const AverageOptions& options, const std::string& part, const fs::path& folder) {
  std::vector<checkpoint::StateDict> trained;
  for (const fs::path& model : options.models) {
    trained.push_back(checkpoint::load_safetensors(model::weights_file(model, part)));
  }
  const std::string file = part + ".safetensors";
  // The projector's note of where its values come from is the first one's.
  checkpoint::write_safetensors(
      folder / file, model::average_weights(trained),
      checkpoint::read_safetensors(options.models.front() / file).metadata());
}

void run_average(const AverageOptions& options) {
  model::ModelDescription about = common_description(options.models);
  StagedFolder folder(options.out);
  for (const char* part : {"projector", "dit", "decoder"}) {
    write_mean(options, part, folder.path());
  }
  model::copy_fixed_weights(options.models.front(), folder.path());
  about.provenance += fmt::format("; mean of {} trainings", options.models.size());
  model::write_model_description(folder.path(), about);
  folder.finish();
  log::info("{}: the mean of {} trainings of {}", options.out.string(), options.models.size(),
            about.name);
}

}  // namespace

void add_average_command(CLI::App& app) {
  const auto options = std::make_shared<AverageOptions>();
  CLI::App* command = app.add_subcommand(
      "average",
      "the mean of the weights (moving averages, where there are any) of several trainings of one "
      "model that began from the same weights, as a model folder");
  command->add_option("MODELS", options->models, "two model folders or more")
      ->required()
      ->expected(-2);
  command->add_option("--out", options->out, "the model folder to make")->required();
  command->callback([options] { run_average(*options); });
}

}  // namespace oasis::tools
