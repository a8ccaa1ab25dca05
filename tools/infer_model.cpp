#include "infer_model.h"

#include <fmt/format.h>

#include <system_error>

#include "oasis/core/error.h"
#include "oasis/infer/bicubic_model.h"
#include "oasis/model/oasis_model.h"

namespace oasis::tools {

std::filesystem::path shipped_model() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const auto folder = program.parent_path();
  for (const char* place : {"../../models/oasis-tiny", "../share/oasis/models/oasis-tiny"}) {
    const auto candidate = (folder / place).lexically_normal();
    if (std::filesystem::exists(candidate / "model.yaml", error)) return candidate;
  }
  return {};
}

std::filesystem::path model_folder(const std::string& name) {
  const std::filesystem::path folder = name.empty() ? shipped_model() : std::filesystem::path(name);
  if (folder.empty()) {
    throw Error(ExitCode::usage,
                "the shipped model models/oasis-tiny is not there: give --model DIR or --model "
                "bicubic");
  }
  if (!std::filesystem::exists(folder / "model.yaml")) {
    throw Error(ExitCode::usage, fmt::format("--model {}: there is no model.yaml: give a model "
                                             "folder or bicubic",
                                             folder.string()));
  }
  return folder;
}

std::string model_identity(const std::string& name) {
  if (name == "bicubic") return name;
  const auto folder = model_folder(name);
  const auto about = model::read_model_description(folder);
  std::string text = about.name;
  for (const auto& [file, hash] : about.files) text += fmt::format(" {}={}", file, hash);
  if (about.head_map) text += " head_map=" + model::file_hash(folder / "head_map.yaml");
  return text;
}

std::unique_ptr<model::ClipModel> open_model(const std::string& name, c10::Device device,
                                             c10::ScalarType precision) {
  if (name == "bicubic") return std::make_unique<infer::BicubicModel>(device);
  return model::OasisModel::load(model_folder(name), {device, precision});
}

}  // namespace oasis::tools
