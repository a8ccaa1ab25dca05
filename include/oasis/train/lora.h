#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "oasis/model/dit_lora.h"
#include "oasis/model/wan_dit.h"
#include "oasis/nn/linear.h"
#include "oasis/train/adamw.h"
#include "oasis/train/variant_config.h"

namespace oasis::train {

/// Whether `options` gives the layer "blocks.0.self_attn.q" factors.
bool is_lora_target(const std::string& layer, const LoraOptions& options);

/// Low-rank factors beside the transformer's frozen weights. The factors learn, in float32 whatever
/// the weights' dtype; a forward pass sees W + alpha / rank * B A, in the weights' dtype, so the
/// result is the one that the merged weights give.
class Lora {
 public:
  /// A: Kaiming-uniform with a = sqrt(5), as PEFT has it; B: zero, so that nothing changes at
  /// first. The transformer's weights must not be replaced by others while this object uses them.
  /// `oasis::Error` (usage) if a rank is larger than a layer or a target unknown.
  Lora(model::WanDit& dit, const LoraOptions& options, std::uint64_t seed);

  /// Puts the present effective weights into the layers, among their `parameters()` too; to be
  /// called before each forward pass. Gradients flow to the factors.
  void apply();
  /// Puts the frozen weights back.
  void remove();

  /// "blocks.0.self_attn.q.lora_A.weight" `[rank, in]`, "...lora_B.weight" `[out, rank]`.
  const AdamW::Parameters& factors() const { return factors_; }

  /// The factors as a file holds them. `values` by the names of `factors()`, on any device; one
  /// that is not in it has its present value.
  model::DitLora published(const checkpoint::StateDict& values, const std::string& base) const;

  /// Writes the factors as `dit_lora.safetensors` and `dit`, the frozen weights by official names,
  /// with them added as `dit.safetensors`; if `ema` is not empty also `dit_lora_ema.safetensors`
  /// and `dit_ema.safetensors`. `master` and `ema` by the names of `factors()`.
  void save(const std::filesystem::path& folder, const checkpoint::StateDict& dit,
            const checkpoint::StateDict& master, const checkpoint::StateDict& ema,
            const std::string& base) const;

 private:
  struct Adapted {
    nn::Linear layer{nullptr};
    at::Tensor base;
    at::Tensor a;
    at::Tensor b;
  };

  LoraOptions options_;
  std::vector<Adapted> layers_;
  AdamW::Parameters factors_;
};

}  // namespace oasis::train
