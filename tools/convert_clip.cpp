#include <fmt/format.h>
#include <torch/script.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "convert_commands.h"
#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/metrics/clip_prompts.h"
#include "oasis/model/model_folder.h"

namespace oasis::tools {
namespace {

// OpenAI's RN50.pt; the hash is part of its address.
constexpr const char* kOfficial =
    "sha256:afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762";

struct ClipOptions {
  std::filesystem::path archive;
  std::filesystem::path out;
};

/// A TorchScript archive holds code, which loading compiles: only the official file is touched.
checkpoint::StateDict read_archive(const std::filesystem::path& archive) {
  if (!std::filesystem::is_regular_file(archive)) {
    throw Error(ExitCode::unreadable_input, fmt::format("{} does not exist", archive.string()));
  }
  const std::string hash = model::file_hash(archive);
  if (hash != kOfficial) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{} is not OpenAI's RN50.pt: its hash is {}, not {}; fetch it again",
                            archive.string(), hash, kOfficial));
  }
  const auto module = torch::jit::load(archive.string(), torch::kCPU);
  checkpoint::StateDict tensors;
  for (const auto& entry : module.named_parameters()) tensors.emplace(entry.name, entry.value);
  for (const auto& entry : module.named_buffers()) tensors.emplace(entry.name, entry.value);
  return tensors;
}

void convert_clip(const ClipOptions& options) {
  const torch::NoGradGuard frozen;
  auto weights = metrics::clip_iqa_weights(read_archive(options.archive), options.archive.string());
  checkpoint::write_safetensors(options.out, weights);
  log::info("{}: {} tensors for CLIP-IQA", options.out.string(), weights.size());
}

}  // namespace

void add_clip_command(CLI::App& app) {
  auto options = std::make_shared<ClipOptions>();
  CLI::App* command = app.add_subcommand(
      "clip", "CLIP's RN50.pt to what oasis-eval needs for CLIP-IQA, clip_iqa.safetensors");
  command->add_option("RN50", options->archive, "OpenAI's RN50.pt, checked by its hash")
      ->required();
  command->add_option("OUT", options->out, "clip_iqa.safetensors, in the folder of weights")
      ->required();
  command->callback([options] { convert_clip(*options); });
}

}  // namespace oasis::tools
