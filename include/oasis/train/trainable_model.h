#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>

#include "oasis/model/model_folder.h"
#include "oasis/model/projector.h"
#include "oasis/model/wan_dit.h"
#include "oasis/model/wan_vae.h"
#include "oasis/train/adamw.h"
#include "oasis/train/lora.h"
#include "oasis/train/train_config.h"

namespace oasis::train {

/// OASIS as training sees it: the parts that learn have gradients, the frozen ones pass them on.
class TrainableModel {
 public:
  /// Loads a model folder. `with_encoder`: also `vae_encoder.safetensors`, the source of latent
  /// targets. Weights of DiT and decoder take `precision`; the optimizer keeps their float32
  /// masters. `oasis::Error` names what is missing or does not fit.
  TrainableModel(const std::filesystem::path& folder, TrainedParts parts, bool with_encoder,
                 c10::Device device, c10::ScalarType precision);

  /// The kinds of the heads: "all_global", "start" or a file. `oasis::Error` if it does not fit.
  void use_head_map(const std::string& name);

  struct Output {
    at::Tensor latent;  ///< z_H [B, C, n+1, h/2, w/2]; undefined for a `frame_cnn`
    at::Tensor video;   ///< [B, 3, F, 4h, 4w], not clamped
  };
  /// lq `[B, 3, 4n+1, h, w]` in [-1, 1]. Differentiable with respect to the trained parts.
  /// `condition` `[B]`, of 0 and 1: whether a sample's conditional decoder sees its LQ frames;
  /// none: all do.
  Output forward(const at::Tensor& lq, const at::Tensor& condition = {});
  /// Its two halves: z_H, and the frames of z_H; lq is what the conditional decoder also sees.
  at::Tensor restore(const at::Tensor& lq);
  at::Tensor decode(const at::Tensor& z_h, const at::Tensor& lq,
                    const at::Tensor& condition = {}) const;

  /// What is computed again in the backward pass instead of being kept: `WanDit::set_recompute` and
  /// `WanVaeDecoder::set_recompute`.
  void set_recompute(bool dit, bool decoder);

  /// Freezes the transformer; low-rank factors beside its weights learn in their place, as
  /// "lora.blocks.0...". To be called before `trained()` is handed on.
  void add_lora(const LoraOptions& options, std::uint64_t seed);

  /// The normalised latent mean of an HQ clip (eq. 8's target), without gradients.
  at::Tensor encode(const at::Tensor& hq) const;

  /// "projector.proj.weight", "dit.blocks.0...", "decoder...": what learns.
  const AdamW::Parameters& trained() const { return trained_; }
  std::int64_t trained_count() const;
  std::int64_t frozen_count() const;
  const model::ModelDescription& about() const { return about_; }

  /// Writes a complete model folder; `ema`, by the names of `trained()`, may be empty.
  void save(const std::filesystem::path& folder, const checkpoint::StateDict& master,
            const checkpoint::StateDict& ema, const std::string& provenance) const;

 private:
  using Named = AdamW::Parameters;
  /// Of the folder's kind; `oasis::Error` (usage) where `parts` is not for that kind.
  Named make_decoder(TrainedParts parts, const at::TensorOptions& weights);

  std::filesystem::path folder_;
  model::ModelDescription about_;
  c10::Device device_;
  bool dit_learns_;
  std::shared_ptr<model::Projector> projector_;
  std::shared_ptr<model::WanDit> dit_;
  std::unique_ptr<model::WanVaeDecoder> wan_decoder_;
  std::unique_ptr<model::TaehvDecoder> light_decoder_;
  std::unique_ptr<model::FrameCnn> frame_cnn_;
  std::unique_ptr<model::WanVaeEncoder> encoder_;
  at::Tensor prompt_;
  std::unique_ptr<Lora> lora_;
  Named trained_;
  Named frozen_;
};

}  // namespace oasis::train
