#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "oasis/checkpoint/state_dict.h"
#include "oasis/train/comm.h"
#include "oasis/train/learning_rate.h"

namespace oasis::train {

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;                    ///< added outside the root, after the bias correction
  double weight_decay = 1e-2;           ///< decoupled, before the step
  std::set<std::string> no_decay;       ///< names of parameters without weight decay
  std::optional<double> max_grad_norm;  ///< clips the norm over all parameters
  std::optional<double> ema_decay;      ///< keeps an exponential moving average
  RateSchedule rate;
};

/// Which part of a moving average is still what it began from after that many steps, 0..1.
double remembered_start(double ema_decay, std::int64_t steps);

/// What one step did.
struct StepReport {
  double rate = 0;       ///< learning rate
  double grad_norm = 0;  ///< over all parameters and ranks, before clipping
  bool skipped = false;  ///< a gradient was not finite: nothing changed but the step's number
};

/// AdamW (Loshchilov and Hutter, ICLR 2019) with float32 master weights, clipping, schedule and
/// moving average, sharded over the ranks of `comm` (ZeRO stage 1): each rank keeps the master
/// weights and moments of its piece of all parameters laid end to end. The order within a step:
/// mean gradient, global norm and clipping, rate, AdamW, moving average.
class AdamW {
 public:
  using Parameters = std::vector<std::pair<std::string, at::Tensor>>;

  /// Parameters of any floating dtype, the same on every rank, all on one device. Their present
  /// values become the master weights and the start of the moving average.
  AdamW(Parameters parameters, const AdamWOptions& options, std::shared_ptr<Comm> comm);

  /// Uses the parameters' `.grad` (none counts as zero), averages over the ranks, updates the
  /// parameters. Gradients are left as they are.
  StepReport step();
  /// The same with the gradients given: the mean over the ranks of all parameters laid end to end,
  /// float32, padded to a multiple of the number of ranks. It is clipped in place.
  StepReport step(const at::Tensor& mean);

  /// Steps made or skipped so far.
  std::int64_t steps() const { return steps_; }

  /// Gathered over the ranks, by parameter name, float32, on the CPU: moments, master weights,
  /// moving average.
  checkpoint::StateDict exp_avg() const { return gather(exp_avg_); }
  checkpoint::StateDict exp_avg_sq() const { return gather(exp_avg_sq_); }
  checkpoint::StateDict master() const { return gather(master_); }
  checkpoint::StateDict ema() const { return gather(ema_); }

  /// This rank's piece of a checkpoint: "master", "exp_avg", "exp_avg_sq", "ema" (if kept) and
  /// "updates" (AdamW steps really made). With the numbers of steps they restore this object.
  checkpoint::StateDict shard() const;
  /// The inverse of `shard()` for any number of ranks: `pieces` are those of all ranks that saved,
  /// in order. Writes the parameters too. Throws `oasis::Error` where sizes do not fit.
  void restore(const std::vector<checkpoint::StateDict>& pieces, std::int64_t steps);

  /// Starts the moving average at these values instead of the parameters'.
  void set_ema(const checkpoint::StateDict& values);

 private:
  /// Views of this rank's piece, one per parameter that reaches into it.
  struct Segments {
    std::vector<at::Tensor> master, exp_avg, exp_avg_sq, step;
    std::vector<std::pair<std::int64_t, std::int64_t>> place;  ///< first element, count
  };

  at::Tensor flatten(const std::vector<at::Tensor>& tensors) const;
  at::Tensor piece_of(const at::Tensor& flat) const;
  checkpoint::StateDict gather(const at::Tensor& piece) const;
  void build_segments();
  StepReport apply(at::Tensor gradient);
  void update(const at::Tensor& gradient, double rate);
  void write_parameters();

  Parameters parameters_;
  AdamWOptions options_;
  std::shared_ptr<Comm> comm_;
  std::int64_t count_ = 0;  ///< elements of all parameters
  std::int64_t shard_ = 0;  ///< elements of a piece
  std::int64_t steps_ = 0;
  std::int64_t updates_ = 0;
  at::Tensor master_, exp_avg_, exp_avg_sq_, ema_;  ///< [shard]
  Segments decayed_, undecayed_;
};

}  // namespace oasis::train
