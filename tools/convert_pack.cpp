#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "convert_commands.h"
#include "convert_staged_folder.h"
#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/device.h"
#include "oasis/core/log.h"
#include "oasis/model/model_folder.h"

namespace oasis::tools {
namespace {

namespace fs = std::filesystem;

struct PackOptions {
  fs::path model;
  fs::path out;
  std::string precision = "bf16";  ///< of transformer and decoder
  std::string name;                ///< empty: that of the model, as the next two
  std::string licence;
  std::string provenance;
};

/// Writes one part under its plain name. The projector is small and always computed in float32, so
/// it stays as it is, with the note of where its values come from.
void write_part(const PackOptions& options, const std::string& part, const fs::path& folder) {
  const std::string file = part + ".safetensors";
  checkpoint::SafetensorsMetadata metadata = {{"format", "pt"}};
  checkpoint::WriteOptions writing;
  if (part == "projector") {
    metadata = checkpoint::read_safetensors(options.model / file).metadata();
  } else {
    writing.dtype = parse_precision(options.precision, c10::Device(c10::kCPU));
  }
  writing.pages = checkpoint::SourcePages::release;
  const auto weights = checkpoint::load_safetensors(model::weights_file(options.model, part));
  checkpoint::write_safetensors(folder / file, weights, metadata, writing);
}

void run_pack(const PackOptions& options) {
  model::ModelDescription about = model::read_model_description(options.model);
  model::check_files(options.model, about);
  StagedFolder folder(options.out);
  for (const char* part : {"projector", "dit", "decoder"}) {
    write_part(options, part, folder.path());
  }
  const std::string prompt = "empty_prompt.safetensors";
  if (fs::exists(options.model / prompt)) {
    fs::copy_file(options.model / prompt, folder.path() / prompt);
  }
  about.precision = options.precision;
  if (!options.name.empty()) about.name = options.name;
  if (!options.licence.empty()) about.licence = options.licence;
  if (!options.provenance.empty()) about.provenance = options.provenance;
  model::write_model_description(folder.path(), about);
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder.path())) bytes += entry.file_size();
  folder.finish();
  log::info("{}: {} in {}, {:.2f} MB", options.out.string(), about.name, about.precision,
            static_cast<double>(bytes) / 1e6);
}

}  // namespace

void add_pack_command(CLI::App& app) {
  const auto options = std::make_shared<PackOptions>();
  CLI::App* command = app.add_subcommand(
      "pack",
      "a trained folder's averaged weights alone, as a model folder to give away: what only "
      "training needs (raw weights, adapters, the encoder) stays behind");
  command->add_option("MODEL", options->model, "the model folder")->required();
  command->add_option("OUT", options->out, "the model folder to make")->required();
  command->add_option("--precision", options->precision, "of transformer and decoder")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
      ->capture_default_str();
  command->add_option("--name", options->name, "in model.yaml (default: as MODEL has it)");
  command->add_option("--licence", options->licence, "the same");
  command->add_option("--provenance", options->provenance,
                      "the same: what it was trained on and how");
  command->callback([options] { run_pack(*options); });
}

}  // namespace oasis::tools
