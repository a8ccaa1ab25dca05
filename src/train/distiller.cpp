#include "oasis/train/distiller.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;

/// Groups of four frames, and latents, that the frozen networks take at a time.
constexpr std::int64_t kPerStep = 1;

void load_part(const fs::path& path,
               const std::vector<std::pair<std::string, at::Tensor>>& targets) {
  checkpoint::load_strictly(targets, checkpoint::load_safetensors(path), path.string(),
                            checkpoint::SourcePages::release);
}

void require_same_latents(const fs::path& teacher, const model::WanVaeConfig& a,
                          const model::WanVaeConfig& b) {
  if (a.z_dim == b.z_dim && a.latents_mean == b.latents_mean && a.latents_std == b.latents_std) {
    return;
  }
  throw Error(ExitCode::usage,
              fmt::format("distil.teacher: {} has other latents than the start folder (see latent "
                          "in their model.yaml)",
                          teacher.string()));
}

}  // namespace

Distiller::Distiller(const DistilConfig& config, const model::ModelDescription& student,
                     c10::Device device, c10::ScalarType precision)
    : share_(config.share) {
  const auto about = model::read_model_description(config.teacher);
  model::check_files(config.teacher, about);
  require_same_latents(config.teacher, about.vae, student.vae);
  const auto options = at::TensorOptions().dtype(precision).device(device);
  encoder_ = std::make_unique<model::WanVaeEncoder>(about.vae, options);
  load_part(config.teacher / "vae_encoder.safetensors", encoder_->parameters());
  if (share_ == 0) return;
  if (about.decoder != model::DecoderKind::wan_vae) {
    throw Error(ExitCode::usage,
                fmt::format("distil.teacher: the decoder of {} is no Wan decoder; set distil.share "
                            "to 0 to learn from HQ alone, or choose another folder",
                            config.teacher.string()));
  }
  decoder_ = std::make_unique<model::WanVaeDecoder>(about.vae, options);
  load_part(config.teacher / "decoder.safetensors", decoder_->parameters());
}

std::pair<at::Tensor, at::Tensor> Distiller::teach(const at::Tensor& hq) const {
  const torch::NoGradGuard no_grad;
  const at::Tensor latent = encoder_->encode_streamed(hq, kPerStep);
  if (!decoder_) return {latent, {}};
  return {latent, decoder_->decode_streamed(latent, kPerStep).clamp(-1, 1)};
}

std::pair<at::Tensor, LossParts> Distiller::loss(TrainableModel& student, const TrainingLoss& terms,
                                                 const at::Tensor& lq, const at::Tensor& hq) const {
  const auto [latent, frames] = teach(hq);
  const TrainableModel::Output output{latent, student.decode(latent, lq)};
  at::Tensor total = at::zeros({}, at::TensorOptions().dtype(at::kFloat).device(hq.device()));
  LossParts parts;
  const auto compare = [&](double weight, const at::Tensor& target, const std::string& prefix) {
    if (weight == 0) return;
    const auto [value, each] = terms.forward(output, target, {});
    total = total + weight * value;
    for (const auto& [name, part] : each) parts.emplace_back(prefix + name, part);
  };
  compare(1 - share_, hq, "");
  compare(share_, frames, "teacher_");
  return {total, parts};
}

}  // namespace oasis::train
