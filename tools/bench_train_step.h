#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench_machine.h"
#include "oasis/train/memory_plan.h"
#include "oasis/train/train_config.h"

namespace oasis::tools {

/// What the command line of `oasis-bench train-step` says.
struct TrainStepOptions {
  std::filesystem::path model;     ///< a folder; empty: random weights of `size`
  std::string size = "nano";       ///< "nano", "tiny" or "wan-1.3b"
  std::int64_t layers = 0;         ///< blocks of the DiT with random weights; 0: as published
  std::int64_t frames = 17;        ///< of a sample
  std::int64_t width = 640;        ///< HQ pixels
  std::int64_t height = 320;       ///< HQ pixels
  std::int64_t batch = 8;          ///< samples of a step
  std::int64_t micro = 1;          ///< samples at a time
  std::string lpips = "vgg";       ///< "vgg", "alex" or "off"
  std::string flow = "raft";       ///< "raft" or "off"
  bool latent = true;              ///< the encoder's targets, for models with the Wan VAE
  std::string recompute = "auto";  ///< "auto", "off", "dit" or "all"
  bool plan_only = false;          ///< only `describe_memory`
  std::string device = "cpu";
  std::string precision;
  int threads = 0;
  int repeat = 3;                   ///< timed micro-batches after the first
  std::optional<std::string> json;  ///< a file; empty text: standard output
};

/// A part of a step: its time and the most memory it held over what was held before.
struct StepPart {
  std::string name;
  Spread seconds;          ///< of a micro-batch (the optimizer: of a step)
  double macs = 0;         ///< 0: not counted
  std::int64_t peak = 0;   ///< bytes
  std::int64_t calls = 1;  ///< in a step
};

struct TrainStepResult {
  std::string model;
  std::string precision;
  std::string recompute;
  int threads = 0;
  std::int64_t trained = 0;  ///< parameters
  std::int64_t frozen = 0;
  std::vector<StepPart> parts;
  double step_seconds = 0;  ///< from the medians
  double samples_per_second = 0;
  std::int64_t peak = 0;  ///< bytes, of a whole step, weights and optimizer included
  train::MemoryPlan plan;
  bool finite = true;  ///< loss and gradient
  MachineRates rates;
};

/// Measures one training step, part by part, on random pictures. Throws `oasis::Error`.
TrainStepResult bench_train_step(const TrainStepOptions& options);

/// The memory plans of such a step for cards of 80 and 141 GB.
std::string describe_memory(const TrainStepOptions& options);

/// The subcommand. `argv[1]` is "train-step".
int run_bench_train_step(int argc, char** argv);

}  // namespace oasis::tools
