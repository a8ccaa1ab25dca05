#include "oasis/model/oasis_model.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <chrono>
#include <optional>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/model/clip_memory.h"
#include "oasis/model/wan_dit.h"

namespace oasis::model {
namespace {

/// Latent frames per step of the decoders, which bounds their memory. The Wan decoder's deep levels
/// need two to fill the machine; the light one is faster while its frames stay in the caches.
constexpr std::int64_t wan_latents_per_step = 2;
constexpr std::int64_t light_latents_per_step = 1;
constexpr std::int64_t cnn_frames_at_once = 4;

using Named = std::vector<std::pair<std::string, at::Tensor>>;

Named named(const torch::nn::Module& module) {
  Named out;
  for (const auto& item : module.named_parameters()) {
    item.value().set_requires_grad(false);
    out.emplace_back(item.key(), item.value());
  }
  return out;
}

void load_part(const std::filesystem::path& folder, const std::string& part, const Named& targets) {
  const auto path = weights_file(folder, part);
  checkpoint::load_strictly(targets, checkpoint::load_safetensors(path), path.string(),
                            checkpoint::SourcePages::release);
}

at::Tensor load_prompt(const std::filesystem::path& folder, const ModelDescription& about,
                       c10::Device device) {
  const auto options = at::TensorOptions().dtype(at::kFloat).device(device);
  if (about.prompt == "zeros") return at::zeros({0, about.dit.text_dim}, options);
  const auto path = folder / "empty_prompt.safetensors";
  const auto tensors = checkpoint::load_safetensors(path);
  const auto found = tensors.find("context");
  if (found == tensors.end() || found->second.dim() != 2 ||
      found->second.size(1) != about.dit.text_dim) {
    throw Error(ExitCode::unreadable_input, fmt::format("{}: expected a tensor 'context' [n, {}]",
                                                        path.string(), about.dit.text_dim));
  }
  return found->second.to(options);
}

/// Adds the time of a scope, to the end of its work on the device, to a sum.
class Timer {
 public:
  Timer(double& sum, c10::Device device)
      : sum_(sum), device_(device), start_(std::chrono::steady_clock::now()) {}
  ~Timer() {
    if (device_.is_cuda()) torch::cuda::synchronize(device_.index());
    sum_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  double& sum_;
  c10::Device device_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace

struct OasisModel::Parts {
  ModelDescription about;
  LoadOptions options;
  std::shared_ptr<Projector> projector;
  std::shared_ptr<WanDit> dit;
  std::optional<WanVaeDecoder> wan_decoder;
  std::optional<TaehvDecoder> light_decoder;
  std::optional<FrameCnn> frame_cnn;
  StageTimes times;
};

OasisModel::OasisModel(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
OasisModel::~OasisModel() = default;

std::unique_ptr<OasisModel> OasisModel::load(const std::filesystem::path& folder,
                                             const LoadOptions& options) {
  const torch::NoGradGuard no_grad;
  auto parts = std::make_unique<Parts>();
  parts->about = read_model_description(folder);
  parts->options = options;
  const ModelDescription& about = parts->about;
  check_files(folder, about);
  const auto wide = at::TensorOptions().dtype(at::kFloat).device(options.device);
  const auto weights = wide.dtype(options.precision);

  parts->projector = std::make_shared<Projector>(about.projector, about.vae.z_dim, wide);
  load_part(folder, "projector", named(*parts->projector));
  parts->dit = std::make_shared<WanDit>(about.dit, weights);
  load_part(folder, "dit", named(*parts->dit));
  if (about.head_map) parts->dit->set_head_kinds(about.head_map->layers, about.window);
  parts->dit->fold_conditioning(about.timestep, load_prompt(folder, about, options.device));
  if (about.decoder == DecoderKind::wan_vae) {
    parts->wan_decoder.emplace(about.vae, weights);
    load_part(folder, "decoder", parts->wan_decoder->parameters());
  } else if (about.decoder == DecoderKind::frame_cnn) {
    parts->frame_cnn.emplace(about.frame_cnn, weights);
    load_part(folder, "decoder", parts->frame_cnn->parameters());
  } else {
    parts->light_decoder.emplace(about.taehv, weights);
    load_part(folder, "decoder", parts->light_decoder->parameters());
  }
  return std::unique_ptr<OasisModel>(new OasisModel(std::move(parts)));
}

at::Tensor OasisModel::project(const at::Tensor& lq) {
  const Timer timer(parts_->times.project, parts_->options.device);
  return parts_->projector->forward(lq.to(parts_->options.device, at::kFloat));
}

at::Tensor OasisModel::restore(const at::Tensor& z_l) {
  const Timer timer(parts_->times.dit, parts_->options.device);
  return z_l - parts_->about.sigma * parts_->dit->forward_folded(z_l);
}

at::Tensor OasisModel::decode(const at::Tensor& z_h, const at::Tensor& lq) {
  const Timer timer(parts_->times.decode, parts_->options.device);
  switch (parts_->about.decoder) {
    case DecoderKind::wan_vae:
      return parts_->wan_decoder->decode_streamed(z_h, wan_latents_per_step);
    case DecoderKind::taehv:
      return parts_->light_decoder->decode_streamed(z_h, light_latents_per_step) * 2 - 1;
    case DecoderKind::light_conditional:
    case DecoderKind::frame_cnn:
      break;
  }
  const at::Tensor frames = lq.to(parts_->options.device, at::kFloat);
  if (parts_->frame_cnn) {
    return parts_->frame_cnn->forward(frames, cnn_frames_at_once).add_(bicubic_x4(frames));
  }
  const bool conditioned = parts_->about.taehv.condition_channels > 0;
  return parts_->light_decoder
      ->decode_streamed(z_h, light_latents_per_step,
                        conditioned ? stack_frames(frames) : at::Tensor())
      .add_(bicubic_x4(frames));
}

at::Tensor OasisModel::upscale(const at::Tensor& lq) {
  const torch::NoGradGuard no_grad;
  if (lq.dim() != 5 || lq.size(1) != 3 || lq.size(2) % 4 != 1 || lq.size(3) % 4 != 0 ||
      lq.size(4) % 4 != 0) {
    throw Error(
        fmt::format("the model takes clips [B, 3, 4n+1, h, w] with h and w multiples of 4, not {}",
                    fmt::join(lq.sizes().begin(), lq.sizes().end(), "x")));
  }
  if (!uses_latent(parts_->about.decoder)) return decode({}, lq);
  return decode(restore(project(lq)), lq);
}

ClipRules OasisModel::rules() const {
  ClipRules rules;
  rules.frame_step = 4;
  rules.size_step = 4;
  rules.min_size = 16;
  return rules;
}

std::int64_t OasisModel::peak_bytes(std::int64_t frames, std::int64_t height,
                                    std::int64_t width) const {
  const auto latents =
      parts_->about.decoder == DecoderKind::wan_vae ? wan_latents_per_step : light_latents_per_step;
  return clip_peak_bytes(parts_->about,
                         static_cast<std::int64_t>(c10::elementSize(parts_->options.precision)),
                         latents, {frames, height, width});
}

std::string OasisModel::description() const {
  const ModelDescription& about = parts_->about;
  if (about.trained) return about.name;
  return about.decoder == DecoderKind::light_conditional || !uses_latent(about.decoder)
             ? fmt::format("{} (untrained: the output is bicubic x4)", about.name)
             : fmt::format("{} (untrained: the output is meaningless)", about.name);
}

const ModelDescription& OasisModel::about() const { return parts_->about; }
StageTimes OasisModel::times() const { return parts_->times; }

at::Tensor stack_frames(const at::Tensor& lq) {
  const at::Tensor before = lq.size(2) > 3 ? lq.narrow(2, 1, 3).flip({2})
                                           : lq.narrow(2, 0, 1).expand({-1, -1, 3, -1, -1});
  const at::Tensor padded = at::cat({before, lq}, 2);
  return padded.unflatten(2, {padded.size(2) / 4, 4}).transpose(2, 3).flatten(1, 2);
}

}  // namespace oasis::model
