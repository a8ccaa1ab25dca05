#include "convert_wan.h"

#include <torch/torch.h>

#include <memory>

#include "convert_commands.h"
#include "convert_staged_folder.h"
#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/model/oasis_model.h"
#include "oasis/model/projector.h"

namespace oasis::tools {
namespace {

void write_projector(const WanSources& sources, const std::filesystem::path& folder,
                     const model::ModelDescription& about) {
  model::Projector projector(about.projector, about.vae.z_dim,
                             at::TensorOptions().dtype(at::kFloat));
  projector.reset_parameters(sources.seed);
  checkpoint::StateDict weights;
  for (const auto& item : projector.named_parameters()) {
    weights.emplace(item.key(), item.value().detach());
  }
  checkpoint::write_safetensors(folder / "projector.safetensors", weights);
}

}  // namespace

void convert_wan(const WanSources& sources) {
  const torch::NoGradGuard no_grad;
  if (sources.vae.empty() && sources.taehv.empty()) {
    throw Error(ExitCode::usage, "a decoder is needed: give --vae or --taehv");
  }
  StagedFolder folder(sources.out);
  model::ModelDescription about = model::wan_1_3b_description();
  about.name = "oasis-from-wan";
  about.precision = sources.precision;
  about.provenance = "Wan2.1 weights; projector initialised at random; not trained for upscaling";
  about.decoder = sources.taehv.empty() ? model::DecoderKind::wan_vae : model::DecoderKind::taehv;
  convert_dit(sources, folder.path(), about);
  if (!sources.vae.empty()) convert_vae(sources, folder.path(), about);
  if (!sources.taehv.empty()) convert_taehv(sources, folder.path(), about);
  if (sources.t5.empty()) {
    log::warn("no umT5 file: the model uses a zero prompt, which is not Wan's empty prompt");
  } else {
    convert_prompt(sources, folder.path(), about);
  }
  write_projector(sources, folder.path(), about);
  model::write_model_description(folder.path(), about);
  folder.finish();
  log::info("{}: done; train it before use (the projector is random)", sources.out.string());
}

void add_wan_command(CLI::App& app) {
  const auto sources = std::make_shared<WanSources>();
  CLI::App* command = app.add_subcommand("wan", "from published Wan2.1 checkpoints");
  command->add_option("--dit", sources->dit, "DiT: safetensors file, index, or folder")->required();
  command->add_option("--vae", sources->vae, "Wan VAE: .pth, safetensors, or folder");
  command->add_option("--taehv", sources->taehv,
                      "TAEHV decoder instead of the VAE's: .pth or safetensors");
  command->add_option("--t5", sources->t5,
                      "umT5 encoder: .pth, safetensors, or folder (without it: a zero prompt)");
  command
      ->add_option("--heads", sources->heads,
                   "of the DiT (default: as in its config.json, or else width / 128)")
      ->check(CLI::PositiveNumber);
  command->add_option("--precision", sources->precision, "of the stored weights")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
      ->capture_default_str();
  command->add_option("--seed", sources->seed, "of the new projector's weights")
      ->capture_default_str();
  command->add_option("OUT", sources->out, "the model folder to make")->required();
  command->callback([sources] { convert_wan(*sources); });
}

}  // namespace oasis::tools
