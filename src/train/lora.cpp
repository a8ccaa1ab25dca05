#include "oasis/train/lora.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/nn/initialise.h"

namespace oasis::train {
namespace {

void check(const LoraOptions& options) {
  const auto& known = model::lora_targets();
  if (options.rank < 1) throw Error(ExitCode::usage, "lora.rank must be at least 1");
  for (const std::string& target : options.targets) {
    if (std::find(known.begin(), known.end(), target) != known.end()) continue;
    throw Error(ExitCode::usage,
                fmt::format("lora.targets: '{}' is none of {}", target, fmt::join(known, ", ")));
  }
}

}  // namespace

bool is_lora_target(const std::string& layer, const LoraOptions& options) {
  if (layer.rfind("blocks.", 0) != 0) return false;
  const auto& targets = options.targets.empty() ? model::lora_targets() : options.targets;
  return std::any_of(targets.begin(), targets.end(),
                     [&](const std::string& target) { return layer.ends_with("." + target); });
}

Lora::Lora(model::WanDit& dit, const LoraOptions& options, std::uint64_t seed) : options_(options) {
  check(options);
  auto generator = nn::make_generator(seed);
  for (const auto& item : dit.named_modules()) {
    if (!is_lora_target(item.key(), options)) continue;
    const auto linear = std::dynamic_pointer_cast<nn::LinearImpl>(item.value());
    if (!linear) continue;
    const at::Tensor base = linear->weight;
    const std::int64_t out = base.size(0);
    const std::int64_t in = base.size(1);
    if (options.rank > std::min(in, out)) {
      throw Error(ExitCode::usage,
                  fmt::format("lora.rank {} is larger than the layer {} of {} x {}", options.rank,
                              item.key(), out, in));
    }
    const auto wide = base.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    const auto factor = base.options().dtype(wide).requires_grad(false);
    at::Tensor a = at::empty({options.rank, in}, factor);
    nn::fill_uniform(a, 1.0 / std::sqrt(static_cast<double>(in)), generator);
    const at::Tensor b = at::zeros({out, options.rank}, factor);
    a.set_requires_grad(true);
    b.set_requires_grad(true);
    factors_.emplace_back(item.key() + ".lora_A.weight", a);
    factors_.emplace_back(item.key() + ".lora_B.weight", b);
    layers_.push_back({nn::Linear(linear), base, a, b});
  }
}

void Lora::apply() {
  const double scale = options_.alpha / static_cast<double>(options_.rank);
  for (Adapted& each : layers_) {
    each.layer->replace_weight(model::adapted_weight(each.base, each.a, each.b, scale));
  }
}

void Lora::remove() {
  for (Adapted& each : layers_) each.layer->replace_weight(each.base);
}

model::DitLora Lora::published(const checkpoint::StateDict& values, const std::string& base) const {
  model::DitLora lora{options_.rank, options_.alpha, base, {}};
  for (const auto& [name, tensor] : factors_) {
    const auto value = values.find(name);
    const at::Tensor& source = value == values.end() ? tensor : value->second;
    lora.factors.emplace(name, source.detach().to(at::kCPU, at::kFloat));
  }
  return lora;
}

void Lora::save(const std::filesystem::path& folder, const checkpoint::StateDict& dit,
                const checkpoint::StateDict& master, const checkpoint::StateDict& ema,
                const std::string& base) const {
  const torch::NoGradGuard no_grad;
  const auto write = [&](const checkpoint::StateDict& values, const std::string& suffix) {
    const model::DitLora lora = published(values, base);
    model::write_lora(folder / fmt::format("dit_lora{}.safetensors", suffix), lora);
    checkpoint::write_safetensors(folder / fmt::format("dit{}.safetensors", suffix),
                                  model::merge_lora(dit, lora));
  };
  write(master, "");
  if (!ema.empty()) write(ema, "_ema");
}

}  // namespace oasis::train
