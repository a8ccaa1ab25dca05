#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "oasis/config/config_node.h"

/// What a run may do differently from the paper's full fine-tuning: the optional parts of a
/// training configuration.
namespace oasis::train {

/// `lora:`, instead of training every weight of the transformer.
struct LoraOptions {
  std::int64_t rank = 32;
  double alpha = 32;                 ///< the update is alpha / rank * B A
  std::vector<std::string> targets;  ///< layers of each block: "self_attn.q"; empty: all ten
};

/// `projector_init:`, what becomes of a projector that was never initialised nor trained.
struct ProjectorInit {
  bool ridge = false;          ///< `ridge`: fitted before training begins; `keep`: left as it is
  std::int64_t samples = 100;  ///< training samples of the fit
};

/// `distil:`, a light decoder that learns from the Wan VAE on the VAE's own latents.
struct DistilConfig {
  std::filesystem::path teacher;  ///< model folder with `vae_encoder.safetensors`
  double share = 0.5;  ///< of the loss that compares with the teacher's frames; the rest with HQ
};

/// Read from the mapping of their key; `oasis::Error` (usage) with file, line and key.
LoraOptions read_lora_options(const config::ConfigNode& node);
ProjectorInit read_projector_init(const config::ConfigNode& root);
DistilConfig read_distil(const config::ConfigNode& node);

}  // namespace oasis::train
