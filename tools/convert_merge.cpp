#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "convert_commands.h"
#include "convert_staged_folder.h"
#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/model/dit_lora.h"
#include "oasis/model/model_folder.h"

namespace oasis::tools {
namespace {

namespace fs = std::filesystem;

struct MergeOptions {
  fs::path model;
  fs::path lora;
  double strength = 1;  ///< times the adapter's own scale
  fs::path out;
};

/// The transformer's files, to which the adapter is added; every other file is copied.
bool holds_transformer(const std::string& name) {
  return name == "dit.safetensors" || name == "dit_ema.safetensors";
}

/// What no longer says anything about the merged weights.
bool is_outdated(const std::string& name) { return name.rfind("dit_lora", 0) == 0; }

void run_merge(const MergeOptions& options) {
  model::ModelDescription about = model::read_model_description(options.model);
  const model::DitLora lora = model::read_lora(options.lora);
  const auto known = about.files.find("dit.safetensors");
  if (!lora.base.empty() && known != about.files.end() && known->second != lora.base) {
    log::warn("{}: it was trained on other weights than those of {}", options.lora.string(),
              options.model.string());
  }
  StagedFolder folder(options.out);
  for (const auto& entry : fs::directory_iterator(options.model)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name == "model.yaml" || is_outdated(name)) continue;
    if (!holds_transformer(name)) {
      fs::copy_file(entry.path(), folder.path() / name);
      continue;
    }
    const auto weights = checkpoint::load_safetensors(entry.path());
    checkpoint::write_safetensors(folder.path() / name,
                                  model::merge_lora(weights, lora, options.strength));
  }
  about.provenance += fmt::format("; LoRA {} merged", options.lora.filename().string());
  model::write_model_description(folder.path(), about);
  folder.finish();
  log::info("{}: {} with {} adapted layers", options.out.string(), about.name,
            lora.factors.size() / 2);
}

}  // namespace

void add_merge_command(CLI::App& app) {
  const auto options = std::make_shared<MergeOptions>();
  CLI::App* command =
      app.add_subcommand("merge", "a model folder with a LoRA added to its transformer");
  command->add_option("--model", options->model, "the model folder")->required();
  command
      ->add_option("--lora", options->lora,
                   "dit_lora.safetensors of a training, or a LoRA of Wan2.1 under the names of "
                   "diffusers, PEFT or the official code")
      ->required();
  command->add_option("--strength", options->strength, "times the adapter's own scale")
      ->capture_default_str();
  command->add_option("OUT", options->out, "the model folder to make")->required();
  command->callback([options] { run_merge(*options); });
}

}  // namespace oasis::tools
