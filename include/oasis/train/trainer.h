#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "oasis/data/sample_source.h"
#include "oasis/train/comm.h"
#include "oasis/train/train_config.h"
#include "oasis/train/trainable_model.h"
#include "oasis/train/training_log.h"

namespace oasis::train {

/// What a validation found: the score that decides the best model (PSNR in dB), and the numbers for
/// the log.
struct ValidationResult {
  double score = 0;
  LogRow row;
};

/// Upscales held-out clips with the present weights, writes pictures, gives numbers. Called on rank
/// 0 without gradients; `step` names the pictures.
using Validation = std::function<ValidationResult(TrainableModel& model, std::int64_t step)>;

/// Where a run ended.
struct TrainingResult {
  std::int64_t step = 0;
  std::int64_t skipped = 0;  ///< steps without a finite gradient
  int signal = 0;            ///< SIGINT or SIGTERM if one ended the run; the state was saved
  double last_loss = 0;
};

/// What a run will need, from a few measured steps.
struct DryRun {
  std::int64_t trained = 0;  ///< parameters
  std::int64_t frozen = 0;
  double step_seconds = 0;
  double total_seconds = 0;
  std::int64_t peak_bytes = 0;  ///< of the process (CPU) or the device
};

/// Trains OASIS (oasis-method.md section 3): batches in a fixed order, gradients averaged over
/// micro-batches and ranks, one AdamW step, checkpoints, log. With the same configuration, seed and
/// thread count a run gives the same bits on the CPU, wherever it was interrupted.
class Trainer {
 public:
  /// Loads model and helpers. `validation` may be empty.
  Trainer(TrainConfig config, std::shared_ptr<const data::SampleSource> source, c10::Device device,
          std::shared_ptr<Comm> comm, Validation validation);
  ~Trainer();

  /// Goes on from the newest checkpoint of the output folder; false if there is none.
  /// `oasis::Error` if it belongs to another model.
  bool resume();

  /// Trains to the last step, or until SIGINT or SIGTERM; both save. SIGUSR1 saves and goes on. The
  /// finished model lies in `<output>/model` in the end.
  TrainingResult run();

  /// Three steps without saving anything.
  DryRun dry_run();

 private:
  struct Run;
  std::unique_ptr<Run> run_;
};

}  // namespace oasis::train
