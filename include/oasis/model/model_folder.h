#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "oasis/model/frame_cnn.h"
#include "oasis/model/projector.h"
#include "oasis/model/taehv.h"
#include "oasis/model/wan_dit_config.h"
#include "oasis/model/wan_vae.h"
#include "oasis/nn/head_map.h"

namespace oasis::model {

/// What turns the restored latent into frames.
enum class DecoderKind {
  wan_vae,            ///< the frozen 3-D VAE decoder of Wan2.1
  taehv,              ///< a TAEHV decoder
  light_conditional,  ///< TAEHV's layout, sees the LQ frames, adds its output to bicubic x4
  frame_cnn,  ///< a baseline: no latent at all, sees each LQ frame alone, adds to bicubic x4
};

/// Whether frames come from the restored latent, hence by projector and transformer.
bool uses_latent(DecoderKind kind);

std::string to_string(DecoderKind kind);
DecoderKind decoder_kind_from(const std::string& name);

/// `model.yaml` and `head_map.yaml`: all that a model folder says about itself
/// (docs/interfaces.md).
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
  TaehvConfig taehv;         ///< of the decoders `taehv` and `light_conditional`
  FrameCnnConfig frame_cnn;  ///< of the decoder `frame_cnn`
  double timestep = 799;
  double sigma = 0.799;
  nn::AttentionWindow window;                ///< of the window heads; that of `head_map` if given
  std::optional<nn::HeadMap> head_map;       ///< none: all heads are global
  std::string prompt = "t5_empty";           ///< or "zeros"
  std::map<std::string, std::string> files;  ///< name -> "sha256:..."
};

/// Reads and checks `folder/model.yaml` and, if it is there, `folder/head_map.yaml`, whose window
/// then counts. `oasis::Error` (usage) with file and line.
ModelDescription read_model_description(const std::filesystem::path& folder);

/// Writes `folder/model.yaml` (as .part first, then renamed), with the hashes of the safetensors
/// files that lie in the folder, and `folder/head_map.yaml` if the description has a map.
void write_model_description(const std::filesystem::path& folder, ModelDescription description);

/// How a file of a model folder compares with the hash that model.yaml has of it.
enum class FileState { good, changed, missing, unlisted };

struct FileStatus {
  std::string name;
  FileState state;
};

/// Compares every file that model.yaml lists, and names the safetensors files that it does not.
/// Reads all of them. `oasis::Error` if model.yaml or a file cannot be read.
std::vector<FileStatus> verify_files(const std::filesystem::path& folder);

/// The cheap part of that, before a model is loaded: every listed file is there (the encoder, which
/// only training needs, may be left out), and those of at most 16 MiB have their hash.
/// `oasis::Error` (unreadable_input) names the first that does not fit.
void check_files(const std::filesystem::path& folder, const ModelDescription& about);

/// Copies the weights that training leaves as they are, where `from` has them: the VAE's encoder
/// and the empty prompt. Replaces those of `to`. `oasis::Error` if a file cannot be copied.
void copy_fixed_weights(const std::filesystem::path& from, const std::filesystem::path& to);

/// The weights of a part ("projector", "dit" or "decoder") as training goes on from them:
/// `<part>.safetensors`; and their moving average, which training leaves beside them:
/// `<part>_ema.safetensors`.
std::filesystem::path raw_weights_file(const std::filesystem::path& folder,
                                       const std::string& part);
std::filesystem::path averaged_weights_file(const std::filesystem::path& folder,
                                            const std::string& part);

/// Of these two what the model is used with: the moving average where there is one.
std::filesystem::path weights_file(const std::filesystem::path& folder, const std::string& part);

/// "sha256:<hex>" of a file. `oasis::Error` if it cannot be read.
std::string file_hash(const std::filesystem::path& path);

}  // namespace oasis::model
