#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "oasis/flow/flow_padding.h"
#include "oasis/losses/lpips.h"
#include "oasis/losses/warp_loss.h"
#include "oasis/train/adamw.h"
#include "oasis/train/variant_config.h"

namespace oasis::train {

/// Which weights learn; the others are frozen, and gradients pass through them.
enum class TrainedParts {
  dit,      ///< projector and DiT, as in the paper
  decoder,  ///< the light decoder on a fixed latent
  all,      ///< projector, DiT and light decoder
};

/// What is computed again in the backward pass instead of being kept in memory.
enum class Recompute {
  automatic,  ///< the least that the device's memory allows; off on the CPU
  off,
  dit,  ///< the blocks of the DiT
  all,  ///< also the layers of the Wan decoder and LPIPS
};

/// "auto", "off", "dit" or "all", and back; anything else throws `oasis::Error`.
std::string to_string(Recompute recompute);
Recompute recompute_from(const std::string& name);

/// What photos are in a training set.
enum class StillUse { skip, still, motion };

/// `data:`
struct DataConfig {
  std::filesystem::path train;       ///< folder, list file, or folder of packed samples
  std::filesystem::path validation;  ///< folder or file; empty: none
  bool pass_hdr = false;             ///< `hdr: pass`: take PQ and HLG clips as stored
  StillUse stills = StillUse::motion;
  std::int64_t frames = 17;  ///< of a sample, 4n+1
  std::int64_t width = 640;  ///< HQ pixels, a multiple of 16
  std::int64_t height = 320;
  double shrink = 0;               ///< share of videos' samples taken at half the size
  double margin = 1.5;             ///< sides of the degraded block over those of the crop
  std::int64_t extra_frames = 10;  ///< degraded beyond the sample's
  bool flip = true;                ///< mirror half of the samples
  bool turn = false;               ///< mirror top to bottom, and transpose square crops
  std::int64_t threads = 2;        ///< that make samples
  std::int64_t ahead = 4;          ///< samples kept ready
};

/// Where LQ clips come from.
struct DegradationConfig {
  enum class Kind { stage1, stage2, file, bicubic };
  Kind kind = Kind::stage1;
  std::filesystem::path file;  ///< of `Kind::file`
};

/// The pixel term.
enum class PixelLoss { off, mse, charbonnier, psnr };

/// Where the warp loss gets its flow.
enum class FlowKind { off, raft, dis };

/// `loss:`, eq. 8 to 11; a weight of 0 or `off` leaves a term out.
struct LossConfig {
  double latent = 1.0;  ///< eq. 8; needs `vae_encoder.safetensors` in the start folder
  PixelLoss pixel = PixelLoss::mse;
  double pixel_weight = 1.0;
  double psnr_epsilon = 1e-6;  ///< of `PixelLoss::psnr`: added to the squared error
  double psnr_luma = 0;        ///< of `PixelLoss::psnr`: luma's share of that error, 0..1
  double gradient = 0.0;       ///< of multi-scale gradients
  std::optional<losses::LpipsNet> lpips;  ///< none: off
  double lpips_weight = 1.0;
  std::filesystem::path lpips_trunk;   ///< torchvision's classifier
  std::filesystem::path lpips_linear;  ///< LPIPS's own layers
  double warp = 0.1;                   ///< eq. 10
  FlowKind flow = FlowKind::raft;
  std::filesystem::path raft;  ///< raft-things.pth or torchvision's
  losses::WarpLossOptions warp_options;
};

/// A training run, as its YAML file describes it (docs/training.md lists every key).
struct TrainConfig {
  std::filesystem::path output;  ///< folder of checkpoints, log, pictures and the result
  std::filesystem::path start;   ///< model folder to begin from
  std::string head_map;          ///< `all_global`, `start` (that of the start folder) or a file
  std::uint64_t seed = 0;
  int stage = 1;  ///< 1 or 2: sets the two stages' random draws apart
  std::string precision = "fp32";

  TrainedParts parts = TrainedParts::dit;
  std::int64_t steps = 25000;
  std::int64_t save_every = 500;
  std::int64_t keep_last = 3;            ///< checkpoints
  std::int64_t stop_after_skipped = 10;  ///< steps in a row without a finite gradient
  std::int64_t global_batch = 8;         ///< samples of a step, all devices together
  std::int64_t micro_batch = 1;          ///< samples at a time on one device
  double rank_timeout_seconds = 30;      ///< without a sign of life a rank counts as dead
  Recompute recompute = Recompute::automatic;
  /// Share of the samples, drawn at random, whose light conditional decoder sees no LQ frames: it
  /// then has to learn to use the latent, hence the transformer, beside them.
  double condition_dropout = 0;
  std::int64_t validate_every = 500;
  std::int64_t validation_frames = 17;  ///< of each validation clip

  DataConfig data;
  DegradationConfig degradation;
  LossConfig loss;
  AdamWOptions optimizer;
  std::optional<LoraOptions> lora;     ///< none: every weight of the transformer learns
  std::optional<DistilConfig> distil;  ///< none: the decoder learns in the whole model
  ProjectorInit projector_init;

  std::string text;  ///< the file as read, with the overrides: kept in checkpoints
};

/// Reads and checks a file; `overrides` are `a.b=c` strings of `--set`. Relative paths are relative
/// to the working directory. `oasis::Error` (usage) with file, line and key for whatever cannot be
/// meant, before anything is loaded.
TrainConfig load_train_config(const std::filesystem::path& file,
                              const std::vector<std::string>& overrides = {});

}  // namespace oasis::train
