#include "oasis/train/memory_plan.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>

#include "oasis/model/dit_keys.h"
#include "oasis/model/wan_dit_config.h"
#include "oasis/train/lora.h"

namespace oasis::train {
namespace {

constexpr double kFp32 = 4;

/// What a part keeps for the backward pass, and the most it holds while it is being differentiated,
/// both in bytes.
struct Held {
  double kept = 0;
  double peak = 0;
};

double output_pixels(const MemoryQuestion& question) {
  return static_cast<double>(question.micro * question.frames * question.width * question.height);
}

// A block keeps per token 14 float32 vectors of the model's width (the stream, norms, gates) and,
// in the precision of the run, 7 of them and one of the feed-forward's width.
Held dit_bytes(const model::WanDitConfig& dit, const MemoryQuestion& question) {
  if (question.parts == TrainedParts::decoder) return {};
  const double e = static_cast<double>(question.element);
  const double d = static_cast<double>(dit.dim);
  const double latents = static_cast<double>((question.frames - 1) / 4 + 1);
  const double tokens =
      static_cast<double>(question.micro * (question.height / 16) * (question.width / 16)) *
      latents;
  const double block = tokens * (14 * d * kFp32 + (7 * d + static_cast<double>(dit.ffn_dim)) * e);
  // The time path's weights are widened to float32.
  const double time_path = e < kFp32 ? 7 * d * d * kFp32 : 0;
  const double layers = static_cast<double>(dit.layers);
  if (question.recompute == Recompute::off) {
    const double kept = layers * block + time_path;
    return {kept, kept + block};
  }
  const double kept = layers * tokens * d * kFp32 + time_path;
  return {kept, kept + 2 * block};
}

// Per output pixel, in vectors of the outermost level's width; the causal convolutions' inputs have
// two frames more.
Held wan_decoder_bytes(const model::WanVaeConfig& vae, const MemoryQuestion& question) {
  const double e = static_cast<double>(question.element);
  const double padding = 2.0 / static_cast<double>(question.frames);
  const double vectors = output_pixels(question) * static_cast<double>(vae.dim);
  if (question.recompute == Recompute::all) {
    return {vectors * 6.25 * e, vectors * (5.9 * kFp32 + 12.4 * e)};
  }
  return {vectors * (2.8 * kFp32 + (25 + 13.5 * padding) * e),
          vectors * (5.9 * kFp32 + (26 + 14 * padding) * e)};
}

// Per position of a level: 20 vectors of its width for three blocks, and four of the last two
// widths where the last layer works.
Held light_decoder_bytes(const model::TaehvConfig& config, const MemoryQuestion& question) {
  double share = 1.0 / 256;  // of the output's pixels, all frames: those of the latent
  double values = 0;
  const auto vectors = [&config](std::size_t level) {
    return static_cast<double>((20 * config.blocks[level] + 2) / 3 * config.widths[level]);
  };
  for (std::size_t level = 0; level < 3; ++level) {
    values += vectors(level) * share;
    share *= (config.space_upscale[level] ? 4 : 1) * (config.time_upscale[level] ? 2 : 1);
  }
  values += (vectors(3) + 4 * static_cast<double>(config.widths[2] + config.widths[3])) * share;
  const double kept = values * static_cast<double>(question.element) * output_pixels(question);
  return {kept, 1.12 * kept};
}

// Per LQ pixel and frame: three vectors of the width for each block, and the last layer's result
// before and after its values are put in their places.
Held frame_cnn_bytes(const model::FrameCnnConfig& config, const MemoryQuestion& question) {
  const auto values = static_cast<double>(3 * config.width * (config.blocks + 1) + 2 * 48);
  const double kept = values * static_cast<double>(question.element) * output_pixels(question) / 16;
  return {kept, 1.12 * kept};
}

Held decoder_bytes(const model::ModelDescription& about, const MemoryQuestion& question) {
  if (about.decoder == model::DecoderKind::wan_vae) return wan_decoder_bytes(about.vae, question);
  if (about.decoder == model::DecoderKind::frame_cnn) {
    return frame_cnn_bytes(about.frame_cnn, question);
  }
  return light_decoder_bytes(about.taehv, question);
}

double lpips_bytes(const MemoryQuestion& question) {
  if (!question.lpips) return 0;
  double pixels = output_pixels(question);
  if (question.recompute == Recompute::all) {
    pixels = std::min(pixels, 4.0 * static_cast<double>(question.width * question.height));
  }
  if (*question.lpips == losses::LpipsNet::alex) return pixels * 300;
  return pixels * (510 * kFp32 + 233 * static_cast<double>(question.element));
}

double flow_bytes(const MemoryQuestion& question) {
  if (!question.raft) return 0;
  constexpr double pairs_at_once = 8, levels = 4.0 / 3.0, largest = 1 << 30;
  const double positions = static_cast<double>(question.width / 8 * (question.height / 8));
  const double volumes = std::min(largest, pairs_at_once * levels * kFp32 * positions * positions);
  return 300 * output_pixels(question) / static_cast<double>(question.micro) + volumes;
}

double encoder_bytes(const model::WanVaeConfig& vae, const MemoryQuestion& question) {
  if (!question.encoder) return 0;
  return output_pixels(question) * static_cast<double>(vae.dim) *
         (2 * kFp32 + static_cast<double>(question.element));
}

std::int64_t count_of(const std::vector<std::pair<std::string, at::Tensor>>& parameters) {
  std::int64_t count = 0;
  for (const auto& item : parameters) count += item.second.numel();
  return count;
}

std::int64_t decoder_parameters(const model::ModelDescription& about) {
  const auto meta = at::TensorOptions(c10::kMeta);
  if (about.decoder == model::DecoderKind::wan_vae) {
    return count_of(model::WanVaeDecoder(about.vae, meta).parameters());
  }
  if (about.decoder == model::DecoderKind::frame_cnn) {
    return count_of(model::FrameCnn(about.frame_cnn, meta).parameters());
  }
  return count_of(model::TaehvDecoder(about.taehv, meta).parameters());
}

constexpr std::int64_t kVggTrunk = 14714688;
constexpr std::int64_t kAlexTrunk = 2469696;
constexpr std::int64_t kRaft = 5257536;

std::int64_t helper_bytes(const model::ModelDescription& about, const MemoryQuestion& question) {
  std::int64_t bytes = 0;
  if (question.lpips) {
    bytes += question.element * (*question.lpips == losses::LpipsNet::vgg ? kVggTrunk : kAlexTrunk);
  }
  if (question.raft) bytes += 4 * kRaft;
  if (question.encoder) {
    const model::WanVaeEncoder encoder(about.vae, at::TensorOptions(c10::kMeta));
    bytes += question.element * count_of(encoder.parameters());
  }
  return bytes;
}

}  // namespace

ParameterCounts count_parameters(const model::ModelDescription& about, TrainedParts parts,
                                 const std::optional<LoraOptions>& lora) {
  const std::int64_t inputs = about.projector == model::ProjectorMode::native_2x ? 48 : 768;
  const std::int64_t projector = about.vae.z_dim * (inputs + 1);
  const std::int64_t dit = model::parameter_count(about.dit);
  const std::int64_t decoder = decoder_parameters(about);
  ParameterCounts counts;
  (parts == TrainedParts::dit ? counts.frozen : counts.trained) += decoder;
  if (!lora) {
    (parts == TrainedParts::decoder ? counts.frozen : counts.trained) += projector + dit;
    return counts;
  }
  counts.trained += projector;
  counts.frozen += dit;
  for (const auto& [name, shape] : model::dit_shapes(about.dit)) {
    if (!name.ends_with(".weight") || shape.size() != 2) continue;
    if (!is_lora_target(name.substr(0, name.rfind('.')), *lora)) continue;
    counts.trained += lora->rank * (shape[0] + shape[1]);
    counts.adapted += shape[0] * shape[1];
  }
  return counts;
}

MemoryQuestion memory_question(const TrainConfig& config, const ParameterCounts& counts,
                               int world) {
  MemoryQuestion question;
  question.parts = config.parts;
  question.counts = counts;
  question.element = config.precision == "fp32" ? 4 : 2;
  question.micro = config.micro_batch;
  question.frames = config.data.frames;
  question.width = config.data.width;
  question.height = config.data.height;
  question.ema = config.optimizer.ema_decay.has_value();
  question.encoder = config.loss.latent > 0;
  question.lpips = config.loss.lpips;
  question.raft = config.loss.warp > 0 && config.loss.flow == FlowKind::raft;
  question.recompute = config.recompute;
  question.world = world;
  return question;
}

MemoryPlan plan_memory(const model::ModelDescription& about, const MemoryQuestion& question) {
  const auto [trained, frozen, adapted] = question.counts;
  MemoryPlan plan;
  plan.weights = (trained + frozen + adapted) * question.element;
  plan.optimizer = trained * 4 * (question.ema ? 4 : 3) / question.world;
  plan.gradients = trained * 4;
  plan.helpers = helper_bytes(about, question);

  const Held dit = dit_bytes(about.dit, question);
  const Held decoder = decoder_bytes(about, question);
  // HQ, LQ, the result in both precisions, its gradient, and three pictures of differences.
  const double frames =
      3 * output_pixels(question) * (6 * kFp32 + static_cast<double>(question.element));
  const double kept = dit.kept + decoder.kept + frames;
  // All ranks' updated weights are gathered when the step's other tensors are gone.
  const double gathering = question.world > 1 ? kFp32 * static_cast<double>(trained) : 0;
  const double most = std::max({encoder_bytes(about.vae, question), dit.peak + frames,
                                dit.kept + frames + decoder.peak, kept + lpips_bytes(question),
                                kept + flow_bytes(question), gathering});
  plan.dit = static_cast<std::int64_t>(dit.kept);
  plan.decoder = static_cast<std::int64_t>(decoder.kept);
  plan.losses = static_cast<std::int64_t>(frames);
  plan.work = static_cast<std::int64_t>(most - kept);
  return plan;
}

Recompute choose_recompute(const model::ModelDescription& about, MemoryQuestion question,
                           std::int64_t bytes) {
  for (const Recompute some : {Recompute::off, Recompute::dit}) {
    question.recompute = some;
    if (plan_memory(about, question).peak() <= bytes - bytes / 10) return some;
  }
  return Recompute::all;
}

std::string describe_cards(const model::ModelDescription& about, MemoryQuestion question,
                           std::int64_t samples) {
  constexpr double giga = 1e9;
  const Recompute asked = question.recompute;
  std::string text =
      fmt::format("{:>9} {:>6} {:>10} {:>8} {:>8} {:>9} {:>9} {:>7} {:>8} {:>8} {:>8}\n", "card",
                  "micro", "recompute", "plan GB", "weights", "optimizer", "gradients", "helpers",
                  "DiT", "decoder", "rest");
  for (const std::int64_t card : {80, 141}) {
    for (const std::int64_t micro : {1, 2, 4, 8}) {
      if (micro > samples) break;
      const std::int64_t bytes = card * 1000000000;
      question.micro = micro;
      question.recompute =
          asked == Recompute::automatic ? choose_recompute(about, question, bytes) : asked;
      const MemoryPlan plan = plan_memory(about, question);
      const bool fits = plan.peak() <= bytes - bytes / 10;
      const auto gb = [](std::int64_t value) { return static_cast<double>(value) / giga; };
      text += fmt::format(
          "{:>6} GB {:>6} {:>10} {:>8.1f} {:>8.1f} {:>9.1f} {:>9.1f} {:>7.1f} {:>8.1f} {:>8.1f} "
          "{:>8.1f}{}\n",
          card, micro, to_string(question.recompute), gb(plan.peak()), gb(plan.weights),
          gb(plan.optimizer), gb(plan.gradients), gb(plan.helpers), gb(plan.dit), gb(plan.decoder),
          gb(plan.losses + plan.work), fits ? "" : "  does not fit");
    }
  }
  return text;
}

}  // namespace oasis::train
