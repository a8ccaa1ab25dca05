#include "oasis/routing/routing_model.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/model/oasis_model.h"
#include "oasis/model/projector_origin.h"
#include "oasis/model/wan_dit.h"

namespace oasis::routing {
namespace {

/// Frames of the enlarged clip that the encoder takes at a time, in groups of four.
constexpr std::int64_t kGroupsPerStep = 1;

constexpr const char* kEncoderFile = "vae_encoder.safetensors";

using Named = std::vector<std::pair<std::string, at::Tensor>>;

Named named(const torch::nn::Module& module) {
  Named out;
  for (const auto& item : module.named_parameters()) {
    item.value().set_requires_grad(false);
    out.emplace_back(item.key(), item.value());
  }
  return out;
}

void load_part(const std::filesystem::path& path, const Named& targets) {
  checkpoint::load_strictly(targets, checkpoint::load_safetensors(path), path.string());
}

at::Tensor load_prompt(const std::filesystem::path& folder, const model::ModelDescription& about,
                       c10::Device device) {
  const auto options = at::TensorOptions().dtype(at::kFloat).device(device);
  if (about.prompt == "zeros") return at::zeros({0, about.dit.text_dim}, options);
  const auto path = folder / "empty_prompt.safetensors";
  const auto context = checkpoint::read_safetensors(path).tensor("context");
  if (context.dim() != 2 || context.size(1) != about.dit.text_dim) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: 'context' is not [n, {}]", path.string(), about.dit.text_dim));
  }
  return context.to(options);
}

}  // namespace

struct RoutingModel::Parts {
  model::ModelDescription about;
  RoutingModelOptions options;
  std::shared_ptr<model::Projector> projector;
  std::optional<model::WanVaeEncoder> encoder;
  std::shared_ptr<model::WanDit> dit;

  at::Tensor latent(const at::Tensor& lq) const {
    if (!encoder) return projector->forward(lq);
    return encoder->encode_streamed(model::bicubic_x4(lq), kGroupsPerStep);
  }
};

std::string to_string(LatentSource source) {
  return source == LatentSource::encoder ? "encoder" : "projector";
}

LatentSource latent_source(const std::filesystem::path& folder, bool on_base) {
  if (!on_base) return LatentSource::projector;
  if (std::filesystem::exists(folder / kEncoderFile)) return LatentSource::encoder;
  if (model::projector_is_fit(folder)) return LatentSource::projector;
  throw Error(ExitCode::usage,
              fmt::format("--on-base: {} has no {} and a projector that is neither initialised nor "
                          "trained: add the encoder (oasis-convert wan --vae) or initialise the "
                          "projector first",
                          folder.string(), kEncoderFile));
}

std::filesystem::path part_file(const std::filesystem::path& folder, const std::string& part,
                                bool on_base) {
  return on_base ? model::raw_weights_file(folder, part) : model::weights_file(folder, part);
}

RoutingModel::RoutingModel(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RoutingModel::~RoutingModel() = default;

std::unique_ptr<RoutingModel> RoutingModel::load(const std::filesystem::path& folder,
                                                 const RoutingModelOptions& options) {
  const torch::NoGradGuard no_grad;
  check_score_options(options.scores);
  auto parts = std::make_unique<Parts>();
  parts->about = model::read_model_description(folder);
  parts->options = options;
  const auto& about = parts->about;
  model::check_files(folder, about);
  const auto wide = at::TensorOptions().dtype(at::kFloat).device(options.device);
  if (latent_source(folder, options.on_base) == LatentSource::encoder) {
    parts->encoder.emplace(about.vae, wide);
    load_part(folder / kEncoderFile, parts->encoder->parameters());
  } else {
    parts->projector = std::make_shared<model::Projector>(about.projector, about.vae.z_dim, wide);
    load_part(part_file(folder, "projector", options.on_base), named(*parts->projector));
  }
  parts->dit = std::make_shared<model::WanDit>(about.dit, wide.dtype(options.precision));
  load_part(part_file(folder, "dit", options.on_base), named(*parts->dit));
  parts->dit->fold_conditioning(about.timestep, load_prompt(folder, about, options.device));
  return std::unique_ptr<RoutingModel>(new RoutingModel(std::move(parts)));
}

HeadScores RoutingModel::score(const at::Tensor& lq) {
  const torch::NoGradGuard no_grad;
  auto& dit = *parts_->dit;
  const auto z = parts_->latent(lq.to(parts_->options.device, at::kFloat));
  const TokenGrid grid{z.size(2), z.size(3) / 2, z.size(4) / 2};
  HeadScores scores(parts_->about.dit.layers, parts_->about.dit.num_heads);
  const auto per_layer = static_cast<std::size_t>(scores.heads()) * kScoresPerHead;
  dit.set_attention_observer([&](std::int64_t layer, const at::Tensor& q, const at::Tensor& k) {
    const auto sums = score_sums(q, k, grid, parts_->options.scores).contiguous();
    const auto* values = sums.const_data_ptr<double>();
    auto* out = scores.values().data() + static_cast<std::size_t>(layer) * per_layer;
    for (std::size_t i = 0; i < per_layer; ++i) {
      out[i] = values[i] / static_cast<double>(grid.count());
    }
  });
  dit.forward_folded(z);
  dit.set_attention_observer({});
  for (const double value : scores.values()) {
    if (!std::isfinite(value)) {
      throw Error("a head's score is not finite: the weights or the chosen precision are unfit");
    }
  }
  return scores;
}

const model::ModelDescription& RoutingModel::about() const { return parts_->about; }

}  // namespace oasis::routing
