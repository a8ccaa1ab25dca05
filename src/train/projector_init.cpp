#include "oasis/train/projector_init.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/progress.h"
#include "oasis/data/sample_loader.h"
#include "oasis/model/model_folder.h"
#include "oasis/model/oasis_model.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;

/// Groups of four frames that the encoder takes at a time.
constexpr std::int64_t kGroupsPerStep = 1;

model::WanVaeEncoder load_encoder(const fs::path& folder, const model::ModelDescription& about,
                                  const ProjectorFitOptions& options) {
  const fs::path path = folder / "vae_encoder.safetensors";
  if (!fs::exists(path)) {
    throw Error(ExitCode::usage,
                fmt::format("{}: is not there; the projector is fitted to the Wan encoder's "
                            "latents: convert the model with oasis-convert wan --vae",
                            path.string()));
  }
  model::WanVaeEncoder encoder(about.vae,
                               at::TensorOptions().dtype(options.precision).device(options.device));
  checkpoint::load_strictly(encoder.parameters(), checkpoint::load_safetensors(path),
                            path.string());
  return encoder;
}

}  // namespace

RidgeFit fit_projector(const fs::path& folder, std::shared_ptr<const data::SampleSource> source,
                       const ProjectorFitOptions& options) {
  const torch::NoGradGuard no_grad;
  const auto about = model::read_model_description(folder);
  const model::WanVaeEncoder encoder = load_encoder(folder, about, options);
  // Only its view of the frames is used, not its weights.
  const model::Projector projector(about.projector, about.vae.z_dim);
  data::LoaderOptions loading;
  loading.threads = static_cast<int>(options.threads);
  loading.ahead = static_cast<std::size_t>(2 * options.threads);
  data::SampleLoader loader(
      std::move(source), [](std::uint64_t n) { return n; }, loading);
  std::unique_ptr<RidgeRegression> regression;
  Progress progress("fitting the projector", "samples", options.samples);
  for (std::int64_t i = 0; i < options.samples; ++i) {
    throw_if_interrupted();
    const at::Tensor lq = loader.next().lq.unsqueeze(0).to(options.device);
    const at::Tensor inputs = projector.unshuffle(lq).flatten(0, 3);
    const at::Tensor latent = encoder.encode_streamed(model::bicubic_x4(lq), kGroupsPerStep);
    const at::Tensor targets = latent.permute({0, 2, 3, 4, 1}).flatten(0, 3);
    if (!regression) {
      regression = std::make_unique<RidgeRegression>(inputs.size(1), targets.size(1));
    }
    regression->add(inputs, targets);
    progress.update(i + 1);
  }
  progress.finish();
  if (!regression) throw Error(ExitCode::usage, "the projector's fit needs at least one sample");
  return regression->solve(options.strength);
}

void write_fitted_projector(const fs::path& folder, const RidgeFit& fit) {
  const auto about = model::read_model_description(folder);
  model::Projector projector(about.projector, about.vae.z_dim,
                             at::TensorOptions().dtype(at::kFloat));
  std::vector<std::pair<std::string, at::Tensor>> targets;
  for (const auto& item : projector.named_parameters()) {
    targets.emplace_back(item.key(), item.value());
  }
  const checkpoint::StateDict weights = {{"proj.weight", fit.weight.to(at::kFloat)},
                                         {"proj.bias", fit.bias.to(at::kFloat)}};
  checkpoint::require_fit(targets, weights, folder.string());
  checkpoint::write_safetensors(
      folder / "projector.safetensors", weights,
      {{"format", "pt"}, {"origin", "ridge"}, {"r2", fmt::format("{:.6f}", fit.all.r2)}});
  fs::remove(model::averaged_weights_file(folder, "projector"));
  model::write_model_description(folder, about);
}

}  // namespace oasis::train
