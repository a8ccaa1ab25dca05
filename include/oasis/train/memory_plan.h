#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "oasis/losses/lpips.h"
#include "oasis/model/model_folder.h"
#include "oasis/train/train_config.h"

namespace oasis::train {

/// What a training step holds on one device, in bytes.
struct MemoryPlan {
  std::int64_t weights = 0;    ///< trained and frozen, in the precision of the run
  std::int64_t optimizer = 0;  ///< master weights, moments, moving average: this rank's share
  std::int64_t gradients = 0;  ///< float32, of all trained parameters
  std::int64_t helpers = 0;    ///< weights of LPIPS, flow and VAE encoder
  std::int64_t dit = 0;        ///< what the transformer keeps for the backward pass
  std::int64_t decoder = 0;    ///< what the decoder keeps
  std::int64_t losses = 0;     ///< frames, and what the losses keep
  std::int64_t work = 0;       ///< the largest set of intermediate results beside all that

  /// The most that is held at once.
  std::int64_t peak() const {
    return weights + optimizer + gradients + helpers + dit + decoder + losses + work;
  }
};

/// Numbers of parameters of a model; helpers are not among them.
struct ParameterCounts {
  std::int64_t trained = 0;
  std::int64_t frozen = 0;
  std::int64_t adapted = 0;  ///< frozen weights with low-rank factors: held once more, as effective
};

/// From the description alone; `lora`: low-rank factors in place of the transformer's weights.
ParameterCounts count_parameters(const model::ModelDescription& about, TrainedParts parts,
                                 const std::optional<LoraOptions>& lora = {});

/// What decides about it.
struct MemoryQuestion {
  TrainedParts parts = TrainedParts::dit;
  ParameterCounts counts;
  std::int64_t element = 2;  ///< bytes of a value in the precision of the run
  std::int64_t micro = 1;    ///< samples at a time
  std::int64_t frames = 17;
  std::int64_t width = 640;  ///< HQ pixels
  std::int64_t height = 320;
  bool ema = true;
  bool encoder = true;                    ///< latent targets
  std::optional<losses::LpipsNet> lpips;  ///< none: off
  bool raft = true;
  Recompute recompute = Recompute::off;  ///< not automatic
  int world = 1;                         ///< ranks
};

/// The question that a configuration asks.
MemoryQuestion memory_question(const TrainConfig& config, const ParameterCounts& counts, int world);

/// An estimate from the shapes, with factors measured on a CPU (docs/training.md).
MemoryPlan plan_memory(const model::ModelDescription& about, const MemoryQuestion& question);

/// The least recomputation with which the plan stays below `bytes` by a tenth; `all` if none does.
Recompute choose_recompute(const model::ModelDescription& about, MemoryQuestion question,
                           std::int64_t bytes);

/// A table of plans for cards of 80 and 141 GB (10^9 bytes) and up to `samples` samples at a time;
/// recomputation as the question has it, or as each card needs it.
std::string describe_cards(const model::ModelDescription& about, MemoryQuestion question,
                           std::int64_t samples);

}  // namespace oasis::train
