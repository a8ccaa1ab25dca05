#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "oasis/model/projector.h"
#include "oasis/model/taehv.h"
#include "oasis/model/wan_dit_config.h"
#include "oasis/model/wan_vae.h"

namespace oasis::model {

/// What turns the restored latent into frames.
enum class DecoderKind {
  wan_vae,            ///< the frozen 3-D VAE decoder of Wan2.1
  taehv,              ///< a TAEHV decoder
  light_conditional,  ///< TAEHV's layout, sees the LQ frames, adds its output to bicubic x4
};

std::string to_string(DecoderKind kind);
DecoderKind decoder_kind_from(const std::string& name);

/// `model.yaml`: all that a model folder says about itself (docs/interfaces.md).
struct ModelDescription {
  std::string name;
  bool trained = false;
  std::string licence;
  std::string provenance;
  std::string precision = "fp32";  ///< of the stored weights
  WanDitConfig dit;
  WanVaeConfig vae;  ///< its z_dim and statistics are the latent's, whatever the decoder
  ProjectorMode projector = ProjectorMode::native_2x;
  DecoderKind decoder = DecoderKind::wan_vae;
  TaehvConfig taehv;  ///< of the decoders `taehv` and `light_conditional`
  double timestep = 799;
  double sigma = 0.799;
  std::string prompt = "t5_empty";           ///< or "zeros"
  std::map<std::string, std::string> files;  ///< name -> "sha256:..."
};

/// Reads and checks `folder/model.yaml`. `oasis::Error` (usage) with file and line.
ModelDescription read_model_description(const std::filesystem::path& folder);

/// Writes `folder/model.yaml` (as .part first, then renamed), with the hashes of the safetensors
/// files that lie in the folder.
void write_model_description(const std::filesystem::path& folder, ModelDescription description);

/// "sha256:<hex>" of a file. `oasis::Error` if it cannot be read.
std::string file_hash(const std::filesystem::path& path);

}  // namespace oasis::model
