#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "convert_commands.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/model/model_folder.h"

namespace oasis::tools {
namespace {

struct VerifyOptions {
  std::filesystem::path folder;
  bool update = false;
  bool json = false;
};

const char* name_of(model::FileState state) {
  switch (state) {
    case model::FileState::good:
      return "good";
    case model::FileState::changed:
      return "changed";
    case model::FileState::missing:
      return "missing";
    case model::FileState::unlisted:
      break;
  }
  return "unlisted";
}

void run_verify(const VerifyOptions& options) {
  if (options.update) {
    model::write_model_description(options.folder, model::read_model_description(options.folder));
    log::info("{}: model.yaml has the hashes of the files that are there", options.folder.string());
  }
  nlohmann::ordered_json files = nlohmann::ordered_json::object();
  std::size_t bad = 0;
  for (const auto& [name, state] : model::verify_files(options.folder)) {
    files[name] = name_of(state);
    if (!options.json) fmt::print("{:<28} {}\n", name, name_of(state));
    if (state == model::FileState::changed || state == model::FileState::missing) ++bad;
  }
  if (options.json) {
    const nlohmann::ordered_json result = {
        {"program", "oasis-convert"}, {"folder", options.folder.string()}, {"files", files}};
    fmt::print("{}\n", result.dump(2));
  }
  if (bad == 0) return;
  throw Error(ExitCode::unreadable_input,
              fmt::format("{}: {} of the files that model.yaml lists changed or missing; copy the "
                          "folder again, or take the files as they are with --update",
                          options.folder.string(), bad));
}

}  // namespace

void add_verify_command(CLI::App& app) {
  const auto options = std::make_shared<VerifyOptions>();
  CLI::App* command =
      app.add_subcommand("verify", "compares a model folder with the hashes in its model.yaml");
  command->add_flag("--update", options->update,
                    "first put the hashes of the files as they are into model.yaml");
  command->add_flag("--json", options->json, "the result as JSON on standard output");
  command->add_option("DIR", options->folder, "the model folder")->required();
  command->callback([options] { run_verify(*options); });
}

}  // namespace oasis::tools
