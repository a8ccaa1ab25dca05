#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "oasis/core/progress.h"
#include "oasis/data/sample_loader.h"
#include "oasis/train/checkpoint_folder.h"
#include "oasis/train/distiller.h"
#include "oasis/train/gradient_buckets.h"
#include "oasis/train/part_gradients.h"
#include "oasis/train/trainer.h"
#include "oasis/train/training_loss.h"

namespace oasis::train {

/// Values by name, on the device: sums over micro-batches.
using DeviceValues = std::map<std::string, at::Tensor>;

/// The most memory so far, in bytes: of the device, or on the CPU of the process.
std::int64_t peak_memory(c10::Device device);

struct Trainer::Run {
  Run(TrainConfig given, std::shared_ptr<const data::SampleSource> samples, c10::Device on,
      std::shared_ptr<Comm> ranks, Validation check);

  std::int64_t local_batch() const { return config.global_batch / comm->world(); }
  void start_loader();
  LogRow train_step();
  void accumulate(DeviceValues& values, std::int64_t micro_batches);
  /// `samples`: their numbers in the run.
  std::pair<at::Tensor, LossParts> forward_loss(const at::Tensor& lq, const at::Tensor& hq,
                                                const std::vector<std::uint64_t>& samples);
  void save();
  void validate();
  void write_model(const std::filesystem::path& folder);
  /// Writes the log and the progress line.
  void report(const LogRow& row, double step_seconds);
  void warn_of_silent_parts(const LogRow& row);
  /// The means over the ranks; also whether any rank was asked to stop or to save.
  LogRow share_among_ranks(const DeviceValues& values);
  void choose_memory();

  TrainConfig config;
  std::shared_ptr<const data::SampleSource> source;
  c10::Device device;
  std::shared_ptr<Comm> comm;
  Validation validation;
  c10::ScalarType precision;
  TrainingLoss loss;
  TrainableModel model;
  std::unique_ptr<Distiller> distiller;  ///< none: the decoder learns in the whole model
  AdamW optimizer;
  GradientBuckets gradients;
  PartGradients part_gradients;
  CheckpointFolder checkpoints;
  TrainingState state;
  std::unique_ptr<data::SampleLoader> loader;
  std::unique_ptr<TrainingLog> log_file;
  std::int64_t skipped_in_a_row = 0;
  int signal_raised = 0;    ///< on any rank, by the end of the last step
  bool save_asked = false;  ///< likewise
  double waited_before = 0;
  std::unique_ptr<Progress> progress;
};

}  // namespace oasis::train
